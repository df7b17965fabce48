#include "query/erase_traces.h"

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <unordered_set>

#include "catalog/ask_records.h"
#include "catalog/data_subjects.h"
#include "common/text.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

constexpr uint64_t kRecordsAtOnce = 1000;
constexpr size_t kErasedAtOnce = 10'000;
constexpr size_t kUploadPieceBytes = 4 << 20;
/// Longer than anything that is looked for, so that what lies over the edge of two pieces is seen.
constexpr size_t kUploadOverlapBytes = 64 << 10;

std::string_view TextOf(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

/// Without schemas, in lower case.
std::vector<std::string> PlainNames(const std::vector<std::string>& table_names) {
  std::vector<std::string> names;
  for (const std::string& name : table_names) names.push_back(LowerAscii(name.substr(name.find('.') + 1)));
  return names;
}

/// Whether a statement, in lower case, has to do with tables of these names, or with erasing itself.
bool MentionsTables(std::string_view statement, const std::vector<std::string>& names) {
  return statement.find("forget subject") != std::string_view::npos ||
         std::ranges::any_of(names, [&](const auto& name) { return statement.find(name) != std::string_view::npos; });
}

/// What statements say, in the audit log.
class LogSearch {
 public:
  explicit LogSearch(const TraceSearch& search) : search_(search), names_(PlainNames(search.table_names)) {
    for (const TableId& table : search.tables) tables_.insert(table.value());
  }

  Result<int64_t> Run() {
    const uint64_t size = search_.trail.log().size();
    // Which tables a statement touches stands behind its attempt.
    NL_RETURN_IF_ERROR(ForEach(size, [&](const json::object& record) { return NotePlan(record); }));
    NL_RETURN_IF_ERROR(ForEach(size, [&](const json::object& record) { return Look(record); }));
    NL_RETURN_IF_ERROR(EraseFound());
    return found_count_;
  }

 private:
  Result<void> ForEach(uint64_t size, const std::function<Result<void>(const json::object&)>& visit) {
    for (uint64_t next = 0; next < size;) {
      NL_RETURN_IF_ERROR(search_.ctx.CheckAlive());
      NL_ASSIGN_OR_RETURN(const auto lines, search_.trail.log().Read(next, std::min(kRecordsAtOnce, size - next)));
      if (lines.empty()) return {};
      for (const std::string& line : lines) {
        boost::system::error_code problem;
        const json::value record = json::parse(line, problem);
        if (!problem && record.is_object()) NL_RETURN_IF_ERROR(visit(record.get_object()));
      }
      next += lines.size();
    }
    return {};
  }

  Result<void> NotePlan(const json::object& record) {
    if (TextOf(record, "type") != "plan") return {};
    const auto* objects = record.if_contains("objects");
    if (objects == nullptr || !objects->is_array()) return {};
    for (const auto& object : objects->get_array()) {
      if (!object.is_object()) continue;
      const std::string name = LowerAscii(TextOf(object.get_object(), "name"));
      const bool one_of_them =
          tables_.contains(std::string(TextOf(object.get_object(), "id"))) ||
          std::ranges::any_of(search_.table_names, [&](const auto& known) { return LowerAscii(known) == name; });
      if (one_of_them) touching_.emplace(TextOf(record, "statement"));
    }
    return {};
  }

  bool Touches(const json::object& record) const {
    if (touching_.contains(std::string(TextOf(record, "statement")))) return true;
    // It may not have come so far that it was planned.
    return MentionsTables(LowerAscii(TextOf(record, "text")), names_);
  }

  Result<void> Look(const json::object& record) {
    const std::string_view sealed = TextOf(record, "constants");
    if (sealed.empty()) return {};
    const auto opened = search_.trail.constants().Open(sealed, TextOf(record, "statement"));
    // Keys that are gone are gone.
    if (!opened && opened.error().code() == ErrorCode::kNotFound) return {};
    if (!opened) return std::unexpected(opened.error());
    std::vector<std::string> constants;
    std::vector<size_t> places;
    size_t index = 0;
    for (const auto* list : {&opened->literals, &opened->parameters}) {
      for (const auto& one : *list) {
        if (one) {
          places.push_back(index);
          constants.push_back(list == &opened->parameters ? ParameterValue(*one) : *one);
        }
        ++index;
      }
    }
    for (const size_t found : search_.mentions.Find(constants, Touches(record))) {
      found_.push_back({.sealed = std::string(sealed), .index = places[found]});
      ++found_count_;
    }
    return found_.size() >= kErasedAtOnce ? EraseFound() : Result<void>();
  }

  static std::string ParameterValue(const std::string& parameter) {
    boost::system::error_code problem;
    const json::value parsed = json::parse(parameter, problem);
    if (problem || !parsed.is_object()) return parameter;
    const std::string value(TextOf(parsed.get_object(), "value"));
    const json::value said = json::parse(value, problem);
    return !problem && said.is_string() ? std::string(said.get_string()) : value;
  }

  Result<void> EraseFound() {
    if (search_.erase && !found_.empty()) NL_RETURN_IF_ERROR(search_.trail.constants().Erase(found_));
    found_.clear();
    return {};
  }

  const TraceSearch& search_;
  std::set<std::string> tables_;
  const std::vector<std::string> names_;
  std::unordered_set<std::string> touching_;
  std::vector<audit::SealedConstant> found_;
  int64_t found_count_ = 0;
};

Result<int64_t> FindInHistory(const TraceSearch& search) {
  int64_t found = 0;
  const auto names = PlainNames(search.table_names);
  NL_RETURN_IF_ERROR(
      search.catalog.data_subjects().ChangeStatementTexts([&](catalog::DataSubjects::StatementText& statement) {
        const std::string tables = LowerAscii(statement.tables_json);
        const bool touches = MentionsTables(LowerAscii(statement.text), names) ||
                             std::ranges::any_of(search.table_names, [&](const std::string& name) {
                               return tables.find(LowerAscii(name)) != std::string::npos;
                             });
        const std::string without = search.mentions.Without(statement.text, touches);
        const bool error_holds = search.mentions.Holds(statement.error_message, touches);
        if (without == statement.text && !error_holds) return false;
        ++found;
        statement.text = without;
        if (error_holds) statement.error_message = AuditTrail::kErased;
        return search.erase;
      }));
  return found;
}

/// Whether the bytes of a file hold an identifier; nullopt for a form that has to be unpacked to tell.
Result<std::optional<bool>> UploadHolds(const std::filesystem::path& path, const SubjectMentions& mentions) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return MakeError(ErrorCode::kIoError, "an upload cannot be read");
  std::string piece, kept;
  bool first = true;
  while (file) {
    piece.resize(kUploadPieceBytes);
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    piece.resize(static_cast<size_t>(file.gcount()));
    const bool packed = first && (piece.starts_with("PAR1") || piece.starts_with("\x1f\x8b") ||
                                  piece.starts_with("\x28\xb5\x2f\xfd") || piece.starts_with("PK"));
    if (packed) return std::optional<bool>();
    first = false;
    kept += piece;
    if (mentions.HoldsElsewhere(kept)) return std::optional(true);
    if (kept.size() > kUploadOverlapBytes) kept.erase(0, kept.size() - kUploadOverlapBytes);
  }
  return std::optional(false);
}

Result<void> FindInUploads(const TraceSearch& search, SubjectTraces& traces) {
  if (search.staging_directory.empty()) return {};
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(
      search.staging_directory, std::filesystem::directory_options::skip_permission_denied, error);
  if (error) return {};
  std::vector<std::filesystem::path> holding;
  for (const auto& entry : entries) {
    NL_RETURN_IF_ERROR(search.ctx.CheckAlive());
    if (!entry.is_regular_file(error) || entry.is_symlink(error)) continue;
    NL_ASSIGN_OR_RETURN(const auto holds, UploadHolds(entry.path(), search.mentions));
    if (!holds) ++traces.uploads_unread;
    if (holds && *holds) holding.push_back(entry.path());
  }
  traces.uploads = static_cast<int64_t>(holding.size());
  for (const auto& path : holding) {
    if (search.erase && !std::filesystem::remove(path, error) && error) {
      return MakeError(ErrorCode::kIoError, "an upload that names the data subject cannot be deleted: {}",
                       error.message());
    }
  }
  return {};
}

}  // namespace

Result<SubjectTraces> FindTraces(const TraceSearch& search) {
  SubjectTraces traces;
  auto& subjects = search.catalog.data_subjects();
  const auto holds = [&](const std::string& text) { return search.mentions.HoldsElsewhere(text); };
  if (search.erase) {
    NL_ASSIGN_OR_RETURN(traces.statistics, subjects.EraseStatistics(search.tables));
    NL_ASSIGN_OR_RETURN(traces.events, subjects.EraseEvents(holds));
    NL_ASSIGN_OR_RETURN(traces.lineage, subjects.EraseLineageNames(holds));
  }
  NL_ASSIGN_OR_RETURN(traces.kept_answers, subjects.EraseKeptAnswers(search.erase));
  NL_ASSIGN_OR_RETURN(traces.statements, FindInHistory(search));
  const auto may_hold = [&](const std::string& text) { return search.mentions.HoldsInQuestion(text); };
  NL_ASSIGN_OR_RETURN(traces.questions, search.catalog.ask_records().EraseTexts(may_hold, search.erase));
  NL_ASSIGN_OR_RETURN(traces.models,
                      EraseInModels(search.ctx, search.catalog, search.mentions, search.table_names, search.erase));
  NL_RETURN_IF_ERROR(FindInUploads(search, traces));
  NL_ASSIGN_OR_RETURN(traces.elsewhere, subjects.FindElsewhere(holds));
  // Last: it has the statement's own value too, with which the rest is found.
  NL_ASSIGN_OR_RETURN(traces.constants, LogSearch(search).Run());
  return traces;
}

}  // namespace neurolake::query
