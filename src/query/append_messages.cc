#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstring>

#include "arrow/ipc.h"
#include "query/append_messages.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
namespace engine = neurolake::engine::duckdb;

constexpr size_t kLengthBytes = 4;

std::unexpected<Error> BadAttachments() { return BadMember("attachments"); }

}  // namespace

std::string Attach(std::string json, std::span<const std::string_view> attachments) {
  json.push_back('\0');
  for (const std::string_view attachment : attachments) {
    const auto length = static_cast<uint32_t>(attachment.size());
    for (size_t i = 0; i < kLengthBytes; ++i) json.push_back(static_cast<char>(length >> (8 * i) & 0xFF));
    json.append(attachment);
  }
  return json;
}

Result<Attached> Detach(std::string_view payload) {
  Attached attached;
  const size_t end = payload.find('\0');
  attached.json = payload.substr(0, end);
  if (end == std::string_view::npos) return attached;
  std::string_view rest = payload.substr(end + 1);
  while (!rest.empty()) {
    if (rest.size() < kLengthBytes) return BadAttachments();
    uint32_t length = 0;
    for (size_t i = 0; i < kLengthBytes; ++i) length |= uint32_t{static_cast<unsigned char>(rest[i])} << (8 * i);
    rest.remove_prefix(kLengthBytes);
    if (length > rest.size()) return BadAttachments();
    attached.attachments.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return attached;
}

std::string EncodeGroup(const GroupMessage& group, json::object start) {
  json::array batches;
  std::vector<std::string_view> attachments;
  for (const GroupMember& member : group.members) {
    batches.emplace_back(static_cast<int64_t>(member.batches.size()));
    attachments.emplace_back(member.schema);
    attachments.insert(attachments.end(), member.batches.begin(), member.batches.end());
  }
  start["group"] = json::object{{"table", group.table.value()}, {"schema", group.name.schema_name},
                                {"name", group.name.name},      {"definition", group.definition},
                                {"compact", group.compact},     {"batches", std::move(batches)}};
  return Attach(json::serialize(start), attachments);
}

Result<std::optional<GroupMessage>> DecodeGroup(const json::object& start,
                                                std::span<const std::string_view> attachments) {
  const auto* found = start.if_contains("group");
  if (found == nullptr) return std::nullopt;
  if (!found->is_object()) return BadMember("group");
  const json::object& object = found->get_object();
  GroupMessage group;
  NL_ASSIGN_OR_RETURN(std::string table, StringMember(object, "table"));
  group.table = TableId(std::move(table));
  NL_ASSIGN_OR_RETURN(group.name.schema_name, StringMember(object, "schema"));
  NL_ASSIGN_OR_RETURN(group.name.name, StringMember(object, "name"));
  NL_ASSIGN_OR_RETURN(group.definition, StringMember(object, "definition"));
  NL_ASSIGN_OR_RETURN(group.compact, BoolMember(object, "compact"));
  const auto* counts = object.if_contains("batches");
  if (counts == nullptr || !counts->is_array()) return BadMember("batches");
  size_t next = 0;
  for (const auto& count : counts->get_array()) {
    if (!count.is_int64() || count.get_int64() < 0) return BadMember("batches");
    const auto batches = static_cast<size_t>(count.get_int64());
    if (next >= attachments.size() || batches > attachments.size() - next - 1) return BadAttachments();
    GroupMember member{.schema = std::string(attachments[next]), .batches = {}};
    for (const std::string_view batch : attachments.subspan(next + 1, batches)) member.batches.emplace_back(batch);
    group.members.push_back(std::move(member));
    next += batches + 1;
  }
  return group;
}

Result<std::shared_ptr<engine::GroupedRows>> ReadGroupedRows(const GroupMessage& group) {
  auto rows = std::make_shared<engine::GroupedRows>();
  rows->table = group.table;
  rows->name = group.name;
  rows->definition = group.definition;
  for (const GroupMember& member : group.members) {
    arrow::MessageDecoder decoder;
    engine::GroupedRows::Member read;
    NL_ASSIGN_OR_RETURN(read.schema, decoder.DecodeSchema(member.schema));
    for (const std::string& batch : member.batches) {
      NL_ASSIGN_OR_RETURN(auto decoded, decoder.DecodeBatch(batch));
      read.batches.push_back(std::move(decoded));
    }
    rows->members.push_back(std::move(read));
  }
  return rows;
}

Result<int64_t> CountRows(const GroupMember& rows) {
  arrow::MessageDecoder decoder;
  NL_ASSIGN_OR_RETURN(const auto schema, decoder.DecodeSchema(rows.schema));
  if (schema.column_count() == 0) return BadAttachments();
  int64_t count = 0;
  for (const std::string& bytes : rows.batches) {
    NL_ASSIGN_OR_RETURN(const auto batch, decoder.DecodeBatch(bytes));
    if (batch.row_count() > engine::kAppendBatchRows) return BadAttachments();
    count += batch.row_count();
  }
  return count;
}

}  // namespace neurolake::query
