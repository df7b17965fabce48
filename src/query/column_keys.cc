#include "query/column_keys.h"

#include <boost/json/array.hpp>

#include "catalog/data_subjects.h"
#include "common/text.h"
#include "privacy/field_cipher.h"
#include "query/messages.h"
#include "query/policy_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::DataKeyRecord;
using privacy::CellAddress;
using Mode = privacy::CellHeader::Mode;

std::string HexOf(std::string_view bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

Result<std::string> BytesMember(const json::object& arguments, std::string_view member) {
  NL_ASSIGN_OR_RETURN(const std::string text, StringMember(arguments, member));
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  if (text.size() % 2 != 0) return BadMember(member);
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return BadMember(member);
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

Result<CellAddress> AddressIn(const json::object& arguments) {
  CellAddress address;
  NL_ASSIGN_OR_RETURN(address.table_id, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(address.column_id, StringMember(arguments, "column"));
  return address;
}

Result<DataKeyRecord> KeyIn(const KeyActionContext& context, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "key"));
  NL_ASSIGN_OR_RETURN(auto key, context.catalog.FindDataKeyById(id));
  if (!key) return MakeError(ErrorCode::kCorruption, "a column is encrypted with a key that this lake does not have");
  return *std::move(key);
}

json::value Refused(const DataKeyRecord& key) { return {{"name", key.name}, {"refused", true}}; }

Result<json::value> Use(const KeyActionContext& context, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "key"));
  NL_ASSIGN_OR_RETURN(const std::string table, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(const auto key, context.catalog.FindDataKey(name));
  bool may = false;
  if (key) {
    NL_ASSIGN_OR_RETURN(may, MayUseKey(context.catalog, context.ctx.principal(), key->id, "usage"));
  }
  if (!may) return MakeError(ErrorCode::kNotFound, "key does not exist or may not be used: {}", name);
  NL_RETURN_IF_ERROR(context.catalog.AddDataKeyTable(key->id, TableId(table)));
  return json::value{{"id", key->id}, {"name", key->name}};
}

Result<json::value> Keys(const KeyActionContext& context, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const auto key, KeyIn(context, arguments));
  NL_ASSIGN_OR_RETURN(const auto address, AddressIn(arguments));
  NL_ASSIGN_OR_RETURN(const bool deterministic, BoolMember(arguments, "deterministic"));
  NL_ASSIGN_OR_RETURN(const std::string use, StringMember(arguments, "use"));
  const bool write = use == "write";
  if (!write && use != "read" && use != "rewrite") return BadMember("use");
  const auto& who = context.ctx.principal();
  NL_ASSIGN_OR_RETURN(bool may, MayUseKey(context.catalog, who, key.id, use == "read" ? "decrypt" : "encrypt"));
  if (may && use == "rewrite") {
    // The statement that asks shows no value.
    NL_ASSIGN_OR_RETURN(may, MayUseKey(context.catalog, who, key.id, "usage"));
  }
  if (!may) return Refused(key);
  NL_ASSIGN_OR_RETURN(const auto versions, context.keys.OpenVersions(context.ctx, key));
  json::array open;
  for (const auto& one : versions) {
    if (write && &one != &versions.back()) continue;
    const std::string bytes =
        privacy::ColumnKey(*one.key, address, deterministic ? Mode::kDeterministic : Mode::kRandomized);
    open.push_back({{"version", one.version}, {"bytes", HexOf(bytes)}});
  }
  return json::value{{"name", key.name}, {"versions", std::move(open)}};
}

Result<json::value> Cells(const KeyActionContext& context, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const auto key, KeyIn(context, arguments));
  NL_ASSIGN_OR_RETURN(const auto address, AddressIn(arguments));
  NL_ASSIGN_OR_RETURN(const std::string value, BytesMember(arguments, "value"));
  NL_ASSIGN_OR_RETURN(const bool may, MayUseKey(context.catalog, context.ctx.principal(), key.id, "lookup"));
  if (!may) return Refused(key);
  NL_ASSIGN_OR_RETURN(const auto versions, context.keys.OpenVersions(context.ctx, key));
  json::array cells;
  for (const auto& one : versions) {
    const privacy::FieldCipher cipher(*one.key, {.id = key.id, .version = one.version}, address, Mode::kDeterministic);
    NL_ASSIGN_OR_RETURN(const std::string cell, cipher.Encrypt(value));
    cells.emplace_back(HexOf(cell));
  }
  // The newest, which a value has in the column but for those that nobody wrote since.
  const std::string token = "cell_" + std::string(cells.back().as_string());
  NL_RETURN_IF_ERROR(context.keys.RecordLookup(context.ctx, context.statement, key.id, token.substr(0, 69)));
  return json::value{{"name", key.name}, {"cells", std::move(cells)}};
}

/// A table's rows are written anew with a column encrypted, or in the clear.
Result<json::value> Rewrite(const KeyActionContext& context, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(const auto table, context.catalog.FindTable(TableId(id)));
  if (!table) return MakeError(ErrorCode::kNotFound, "the table of the column is not there any more");
  NL_RETURN_IF_ERROR(RequireSteward(context.ctx.principal(), *table));
  NL_ASSIGN_OR_RETURN(const bool erase, BoolMember(arguments, "erase"));
  if (erase) NL_RETURN_IF_ERROR(context.catalog.data_subjects().EraseStatistics({table->id}));
  return json::value(json::object());
}

}  // namespace

bool IsColumnKeyAction(std::string_view action) {
  return action == "column_key_use" || action == "column_keys" || action == "column_cells" ||
         action == "column_rewrite";
}

Result<json::value> RunColumnKeyAction(const KeyActionContext& context, const std::string& action,
                                       const json::object& arguments) {
  if (action == "column_key_use") return Use(context, arguments);
  if (action == "column_keys") return Keys(context, arguments);
  if (action == "column_rewrite") return Rewrite(context, arguments);
  return Cells(context, arguments);
}

}  // namespace neurolake::query
