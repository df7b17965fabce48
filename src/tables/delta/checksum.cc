#include "tables/delta/checksum.h"

#include <simdjson.h>

#include "tables/delta/internal/json_object.h"
#include "tables/delta/internal/json_text.h"
#include "tables/delta/internal/log_files.h"

namespace neurolake::tables::delta {
namespace {

using internal::JsonObjectWriter;

std::string PathOf(const std::string& table_path, int64_t version) {
  return fmt::format("{}/{:020d}.crc", internal::LogPath(table_path), version);
}

/// `{"metaData":{…}}` to `{…}`.
std::string Inner(const std::string& action_line) {
  const size_t begin = action_line.find(':') + 1;
  return action_line.substr(begin, action_line.size() - begin - 1);
}

std::string ListOf(const auto& actions) {
  std::string list = "[";
  for (const auto& [name, action] : actions) {
    if (list.size() > 1) list += ',';
    list += Inner(ToJsonLine(action));
  }
  return list + "]";
}

/// Adds `{"<action>":<each element>}` lines, so that the log's own parser reads them.
bool AppendLines(const simdjson::dom::object& root, std::string_view member, std::string_view action,
                 std::string& lines) {
  simdjson::dom::element element;
  if (root[member].get(element) != simdjson::SUCCESS || element.is_null()) return true;
  const auto append = [&](simdjson::dom::element one) {
    lines += fmt::format("{{\"{}\":{}}}\n", action, simdjson::minify(one));
  };
  simdjson::dom::array list;
  if (element.get_array().get(list) == simdjson::SUCCESS) {
    for (simdjson::dom::element one : list) append(one);
    return true;
  }
  append(element);
  return element.is_object();
}

}  // namespace

std::string ToJson(const Checksum& checksum) {
  std::string out;
  JsonObjectWriter writer(out);
  if (!checksum.transaction_id.empty()) writer.Text("txnId", checksum.transaction_id);
  writer.Number("tableSizeBytes", checksum.table_size_bytes);
  writer.Number("numFiles", checksum.file_count);
  writer.Number("numMetadata", 1);
  writer.Number("numProtocol", 1);
  if (checksum.in_commit_timestamp_ms.has_value()) {
    writer.Number("inCommitTimestampOpt", *checksum.in_commit_timestamp_ms);
  }
  writer.Raw("setTransactions", ListOf(checksum.transactions));
  writer.Raw("domainMetadata", ListOf(checksum.domains));
  writer.Raw("metadata", Inner(ToJsonLine(checksum.metadata)));
  writer.Raw("protocol", Inner(ToJsonLine(checksum.protocol)));
  writer.Close();
  return out;
}

Result<Checksum> ParseChecksum(const std::string& json, const std::string& name) {
  simdjson::dom::parser parser;
  simdjson::dom::object root;
  std::string lines;
  const auto damaged = [&] { return MakeError(ErrorCode::kCorruption, "the checksum file is damaged: {}", name); };
  if (parser.parse(simdjson::padded_string(json)).get_object().get(root) != simdjson::SUCCESS) return damaged();
  if (!AppendLines(root, "metadata", "metaData", lines) || !AppendLines(root, "protocol", "protocol", lines) ||
      !AppendLines(root, "setTransactions", "txn", lines) ||
      !AppendLines(root, "domainMetadata", "domainMetadata", lines)) {
    return damaged();
  }
  NL_ASSIGN_OR_RETURN(auto actions, ParseCommit(lines, name));
  if (!actions.metadata.has_value() || !actions.protocol.has_value()) return damaged();
  internal::JsonObject members(root);
  Checksum checksum{.table_size_bytes = members.Number("tableSizeBytes"),
                    .file_count = members.Number("numFiles"),
                    .transaction_id = members.OptionalText("txnId").value_or(""),
                    .in_commit_timestamp_ms = members.OptionalNumber("inCommitTimestampOpt"),
                    .protocol = *std::move(actions.protocol),
                    .metadata = *std::move(actions.metadata),
                    .transactions = {},
                    .domains = {}};
  if (!members.wrong_member().empty()) return damaged();
  for (SetTransaction& one : actions.transactions) checksum.transactions.insert_or_assign(one.app_id, std::move(one));
  for (DomainMetadata& one : actions.domains) checksum.domains.insert_or_assign(one.domain, std::move(one));
  return checksum;
}

Checksum ChecksumOf(const Snapshot& snapshot) {
  Checksum checksum{.table_size_bytes = 0,
                    .file_count = static_cast<int64_t>(snapshot.files().size()),
                    .transaction_id = {},
                    .in_commit_timestamp_ms = snapshot.log().in_commit_timestamp_ms,
                    .protocol = snapshot.protocol(),
                    .metadata = snapshot.metadata(),
                    .transactions = snapshot.log().transactions,
                    .domains = snapshot.log().domains};
  for (size_t i = 0; i < snapshot.files().size(); ++i) checksum.table_size_bytes += snapshot.files().size_bytes(i);
  return checksum;
}

ChecksumStep StepOf(const std::vector<AddFile>& adds, const std::vector<RemoveFile>& removes) {
  ChecksumStep step;
  for (const RemoveFile& remove : removes) {
    step.known = step.known && remove.extended_file_metadata;
    step.added_bytes -= remove.size_bytes;
    --step.added_files;
  }
  for (const AddFile& add : adds) {
    step.known = step.known && (add.data_change || !removes.empty());
    step.added_bytes += add.size_bytes;
    ++step.added_files;
  }
  return step;
}

Checksum Advance(Checksum checksum, const ChecksumStep& step) {
  checksum.table_size_bytes += step.added_bytes;
  checksum.file_count += step.added_files;
  if (step.protocol.has_value()) checksum.protocol = *step.protocol;
  if (step.metadata.has_value()) checksum.metadata = *step.metadata;
  for (const SetTransaction& one : step.transactions) checksum.transactions.insert_or_assign(one.app_id, one);
  for (const DomainMetadata& one : step.domains) {
    if (one.removed) checksum.domains.erase(one.domain);
    if (!one.removed) checksum.domains.insert_or_assign(one.domain, one);
  }
  checksum.in_commit_timestamp_ms = step.in_commit_timestamp_ms;
  checksum.transaction_id = step.transaction_id;
  return checksum;
}

void WriteNextChecksum(storage::ObjectStore& store, const std::string& table_path, int64_t version,
                       const ChecksumStep& step) {
  if (!step.known) return;
  Checksum before;
  if (version > 0) {
    const std::string path = PathOf(table_path, version - 1);
    const auto bytes = store.Read(path);
    if (!bytes.has_value()) return;
    auto parsed = ParseChecksum(*bytes, path);
    if (!parsed.has_value()) return;
    before = *std::move(parsed);
  }
  const Checksum next = Advance(std::move(before), step);
  if (next.file_count < 0 || next.table_size_bytes < 0) return;
  // Nobody depends on the file. What is there when a table is made is of one that was here before.
  const std::string path = PathOf(table_path, version);
  std::ignore = version == 0 ? store.Put(path, ToJson(next) + "\n") : store.PutIfAbsent(path, ToJson(next) + "\n");
}

Result<void> WriteChecksum(storage::ObjectStore& store, const Snapshot& snapshot) {
  auto put = store.PutIfAbsent(PathOf(snapshot.table_path(), snapshot.version()), ToJson(ChecksumOf(snapshot)) + "\n");
  if (!put.has_value() && put.error().code() == ErrorCode::kAlreadyExists) return {};
  return put;
}

std::string CompareWithChecksum(storage::ObjectStore& store, const Snapshot& snapshot) {
  const std::string path = PathOf(snapshot.table_path(), snapshot.version());
  const auto bytes = store.Read(path);
  if (!bytes.has_value()) return "";
  const auto told = ParseChecksum(*bytes, path);
  if (!told.has_value()) return told.error().message();
  const Checksum found = ChecksumOf(snapshot);
  if (told->file_count != found.file_count) {
    return fmt::format("files: {} by the checksum, {} by the log", told->file_count, found.file_count);
  }
  if (told->table_size_bytes != found.table_size_bytes) {
    return fmt::format("bytes: {} by the checksum, {} by the log", told->table_size_bytes, found.table_size_bytes);
  }
  if (told->metadata.id != found.metadata.id || told->metadata.schema_string != found.metadata.schema_string) {
    return "the checksum has other metadata than the log";
  }
  if (told->protocol.min_reader_version != found.protocol.min_reader_version ||
      told->protocol.min_writer_version != found.protocol.min_writer_version) {
    return "the checksum has another protocol than the log";
  }
  return "";
}

}  // namespace neurolake::tables::delta
