// Shallow clones, as the server lets a statement make them.
#include "query/messages.h"
#include "query/policy_actions.h"
#include "query/provider_server.h"
#include "query/shallow_clones.h"
#include "storage/path.h"
#include "tables/delta/file_path.h"
#include "tables/delta/snapshot.h"

namespace neurolake::query {

namespace json = boost::json;
using engine::duckdb::TableEntry;

Result<json::value> ProviderServer::MakeShallowClone(const json::object& arguments) {
  NL_RETURN_IF_ERROR(Require(Right::kRead));
  NL_RETURN_IF_ERROR(Require(Right::kCreate));
  NL_ASSIGN_OR_RETURN(std::string clone_id, StringMember(arguments, "clone"));
  NL_ASSIGN_OR_RETURN(std::string source_id, StringMember(arguments, "source"));
  const TableId clone(std::move(clone_id)), source(std::move(source_id));
  const auto prepared = prepared_.find(clone);
  if (prepared == prepared_.end() || !effects_.found.contains(source) || clone == source) {
    return MakeError(ErrorCode::kInternal, "a worker asked for a shallow clone out of place");
  }
  // Whoever could write to the clone's log past us would choose what it names of the source.
  if (!prepared->second.managed) {
    return MakeError(ErrorCode::kNotSupported, "a shallow clone lies in the lake: it cannot have a LOCATION: {}.{}",
                     prepared->second.schema_name, prepared->second.table_name);
  }
  NL_ASSIGN_OR_RETURN(const auto record, catalog_.FindTable(source));
  if (!record) return MakeError(ErrorCode::kConflict, "the table was dropped while the statement ran");
  NL_ASSIGN_OR_RETURN(const int64_t version, IntMember(arguments, "version"));
  if (version < 0 || version == std::numeric_limits<int64_t>::max()) return BadMember("version");
  NL_ASSIGN_OR_RETURN(const bool sees_all, SeesAll(catalog_, ctx_, *record));
  if (!sees_all) {
    return MakeError(ErrorCode::kPermissionDenied,
                     "a clone has all rows of its source, of which you see a part only: {}.{}", record->schema_name,
                     record->name);
  }
  NL_RETURN_IF_ERROR(CopyPolicies(clone, *record));
  NL_ASSIGN_OR_RETURN(auto roots, NoteCloneSources(catalog_, clone, *record));
  TableEntry& entry = prepared->second;
  for (auto& root : roots) {
    if (std::ranges::find(entry.foreign_roots, root) == entry.foreign_roots.end()) {
      entry.foreign_roots.push_back(std::move(root));
    }
  }
  prepared_clones_[clone] = {.location = record->location, .managed = record->managed, .version = version};
  return json::value{{"foreign_roots", EncodeRoots(entry.foreign_roots)}};
}

Result<json::value> ProviderServer::CopyPolicies(const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(std::string clone_id, StringMember(arguments, "clone"));
  NL_ASSIGN_OR_RETURN(std::string source_id, StringMember(arguments, "source"));
  const TableId clone(std::move(clone_id)), source(std::move(source_id));
  if (!prepared_.contains(clone) || !effects_.found.contains(source) || clone == source) {
    return MakeError(ErrorCode::kInternal, "a worker asked for policies of a clone out of place");
  }
  NL_ASSIGN_OR_RETURN(const auto record, catalog_.FindTable(source));
  if (!record) return MakeError(ErrorCode::kConflict, "the table was dropped while the statement ran");
  NL_RETURN_IF_ERROR(CopyPolicies(clone, *record));
  return json::value(json::object());
}

Result<void> ProviderServer::CopyPolicies(const TableId& clone, const catalog::TableRecord& source) {
  if (!source.has_policies) return {};
  if (prepared_new_.contains(clone)) {
    NL_RETURN_IF_ERROR(catalog_.CopyTags(source.id, clone));
    return catalog_.CopyPolicies(source.id, clone);
  }
  return MakeError(ErrorCode::kDependentObjects,
                   "a clone has the policies of its source, so it cannot take the place of another table, drop that "
                   "first; source: {}.{}",
                   source.schema_name, source.name);
}

Result<bool> ProviderServer::MayMissFiles(const CloneSource& source) const {
  /// With more commits since then it costs less to look for the files.
  constexpr int64_t kCommitsMax = 256;
  /// A VACUUM that began shortly before the version may go on beside later ones.
  constexpr int64_t kCommitsBefore = 32;
  NL_ASSIGN_OR_RETURN(const auto newest, tables::delta::ReadHistory(ctx_, store_, source.location, 1));
  const int64_t since = newest.empty() ? 0 : newest.front().version - source.version;
  // What the newest version has, a VACUUM keeps.
  if (since <= 0) return false;
  // Other engines may delete files without a word in the log.
  if (!source.managed || since > kCommitsMax) return true;
  NL_ASSIGN_OR_RETURN(const auto history,
                      tables::delta::ReadHistory(ctx_, store_, source.location, since + kCommitsBefore));
  int64_t ended = 0;  // Several may be under way at once.
  bool found = false;
  for (const auto& entry : history) {
    NL_ASSIGN_OR_RETURN(const auto info, ParseObject(entry.commit_info.empty() ? "{}" : entry.commit_info));
    const auto* operation = info.if_contains("operation");
    if (operation == nullptr || !operation->is_string()) continue;
    const bool starts = operation->get_string() == "VACUUM START";
    if (!starts && operation->get_string() != "VACUUM END") continue;
    found = true;
    ended += starts ? -1 : 1;
    if (ended >= 0) continue;
    return MakeError(ErrorCode::kConflict,
                     "a VACUUM of the table is under way that may delete files of the version to be cloned; clone it "
                     "when that has ended, or its newest version");
  }
  return found;
}

Result<void> ProviderServer::CheckCloneIsWhole(const TableEntry& clone, const CloneSource& source,
                                               const std::vector<std::string>& paths) const {
  NL_ASSIGN_OR_RETURN(const bool may_miss, MayMissFiles(source));
  if (!may_miss) return {};
  int64_t missing = 0;
  for (const std::string& path : paths) {
    NL_RETURN_IF_ERROR(ctx_.CheckAlive());
    NL_ASSIGN_OR_RETURN(const std::string file, tables::delta::ResolvePath(clone.location, path, clone.foreign_roots));
    const auto there = store_.Head(file);
    if (!there.has_value() && there.error().code() != ErrorCode::kNotFound) return std::unexpected(there.error());
    missing += there.has_value() ? 0 : 1;
  }
  if (missing == 0) return {};
  return MakeError(
      ErrorCode::kVersionNotFound,
      "the version cannot be cloned, files of it are gone (VACUUM deletes what no retained version needs), "
      "files missing: {}",
      missing);
}

Result<json::value> ProviderServer::FindClones(const json::object& arguments) {
  NL_RETURN_IF_ERROR(Require(Right::kWrite));
  NL_ASSIGN_OR_RETURN(std::string id, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(const auto table, catalog_.FindTable(TableId(std::move(id))));
  json::array answer;
  if (!table) return json::value{{"clones", std::move(answer)}};
  NL_ASSIGN_OR_RETURN(const auto clones, catalog_.ListClonesOf(*table));
  for (const auto& [clone, source] : clones) {
    // One that has no name yet is being made, in the lake.
    const bool named = !clone.name.empty();
    const std::string location = named ? clone.location : tables_directory_ + "/" + clone.id.value();
    NL_ASSIGN_OR_RETURN(const auto lists, FindCloneLists(store_, location));
    json::array paths;
    for (const std::string& list : lists) paths.emplace_back(list);
    if (storage::IsUrl(location)) found_.insert(location);
    answer.push_back({{"name", named ? clone.schema_name + "." + clone.name : clone.id.value()},
                      {"location", location},
                      {"lists", std::move(paths)},
                      {"foreign_roots", EncodeRoots({{source.named, source.location}})}});
  }
  return json::value{{"clones", std::move(answer)}};
}

}  // namespace neurolake::query
