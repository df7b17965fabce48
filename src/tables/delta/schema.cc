#include "tables/delta/schema.h"

#include <simdjson.h>

#include <charconv>
#include <new>
#include <set>

#include "common/text.h"
#include "tables/delta/internal/json_text.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;
using simdjson::dom::element;
using simdjson::dom::object;

/// Deeper than any real schema; keeps a hostile one from using up the stack.
constexpr int kNestingDepthMax = 100;

struct PrimitiveName {
  Kind kind;
  std::string_view delta_name;
  std::string_view sql_name;
};
constexpr PrimitiveName kPrimitives[] = {
    {Kind::kString, "string", "string"},
    {Kind::kLong, "long", "bigint"},
    {Kind::kInteger, "integer", "int"},
    {Kind::kShort, "short", "smallint"},
    {Kind::kByte, "byte", "tinyint"},
    {Kind::kFloat, "float", "float"},
    {Kind::kDouble, "double", "double"},
    {Kind::kBoolean, "boolean", "boolean"},
    {Kind::kBinary, "binary", "binary"},
    {Kind::kDate, "date", "date"},
    {Kind::kTimestamp, "timestamp", "timestamp"},
    {Kind::kTimestampNtz, "timestamp_ntz", "timestamp_ntz"},
};

std::unexpected<Error> Damaged(std::string_view what) {
  return MakeError(ErrorCode::kCorruption, "the table's schema is damaged: {}", what);
}

Result<DataType> ParseDecimal(std::string_view name) {
  DataType type{.kind = Kind::kDecimal, .precision = 10, .scale = 0};
  if (name == "decimal") return type;
  std::string_view numbers = name.substr(std::string_view("decimal(").size());
  const size_t comma = numbers.find(',');
  if (!numbers.ends_with(')') || comma == std::string_view::npos) return Damaged("a decimal's digits");
  auto read = [](std::string_view text, int& out) {
    text = Trim(text);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size();
  };
  numbers.remove_suffix(1);
  if (!read(numbers.substr(0, comma), type.precision) || !read(numbers.substr(comma + 1), type.scale) ||
      type.precision < 1 || type.precision > 38 || type.scale < 0 || type.scale > type.precision) {
    return Damaged("a decimal's digits");
  }
  return type;
}

Result<DataType> ParsePrimitive(std::string_view name) {
  for (const PrimitiveName& primitive : kPrimitives) {
    if (primitive.delta_name == name) return DataType{.kind = primitive.kind};
  }
  if (name == "decimal" || name.starts_with("decimal(")) return ParseDecimal(name);
  return MakeError(ErrorCode::kNotSupported, "the table has a column of a type that is not supported: {}", name);
}

Result<DataType> ParseType(element value, int depth);

Result<StructField> ParseField(element value, int depth) {
  object member;
  StructField field;
  std::string_view name;
  element type;
  if (value.get_object().get(member) != simdjson::SUCCESS) return Damaged("a field is not an object");
  if (member.at_key("name").get_string().get(name) != simdjson::SUCCESS) return Damaged("a field has no name");
  if (member.at_key("type").get(type) != simdjson::SUCCESS) return Damaged("a field has no type");
  field.name = name;
  NL_ASSIGN_OR_RETURN(field.type, ParseType(type, depth + 1));
  element nullable;
  if (member.at_key("nullable").get(nullable) == simdjson::SUCCESS &&
      nullable.get_bool().get(field.nullable) != simdjson::SUCCESS) {
    return Damaged("a field's nullable is not a boolean");
  }
  element metadata;
  if (member.at_key("metadata").get(metadata) == simdjson::SUCCESS && !metadata.is_null()) {
    object entries;
    if (metadata.get_object().get(entries) != simdjson::SUCCESS) return Damaged("a field's metadata is not an object");
    for (auto [key, entry] : entries) field.metadata.insert_or_assign(std::string(key), simdjson::minify(entry));
  }
  return field;
}

Result<DataType> ParseStruct(object value, int depth) {
  simdjson::dom::array fields;
  if (value.at_key("fields").get_array().get(fields) != simdjson::SUCCESS) return Damaged("a struct has no fields");
  DataType type{.kind = Kind::kStruct};
  std::set<std::string> names;
  for (element item : fields) {
    NL_ASSIGN_OR_RETURN(auto field, ParseField(item, depth));
    if (!names.insert(LowerAscii(field.name)).second) return Damaged("two fields have one name");
    type.fields.push_back(std::move(field));
  }
  return type;
}

Result<bool> ParseContainsNull(object value, std::string_view key) {
  element contains_null;
  bool flag = true;
  if (value.at_key(key).get(contains_null) == simdjson::SUCCESS &&
      contains_null.get_bool().get(flag) != simdjson::SUCCESS) {
    return Damaged("a containsNull is not a boolean");
  }
  return flag;
}

Result<DataType> ParseType(element value, int depth) {
  if (depth > kNestingDepthMax) return Damaged("types are nested too deeply");
  std::string_view name;
  if (value.get_string().get(name) == simdjson::SUCCESS) return ParsePrimitive(name);
  object nested;
  if (value.get_object().get(nested) != simdjson::SUCCESS ||
      nested.at_key("type").get_string().get(name) != simdjson::SUCCESS) {
    return Damaged("a type is neither a name nor an object");
  }
  if (name == "struct") return ParseStruct(nested, depth);
  DataType type;
  if (name == "array") {
    element item;
    if (nested.at_key("elementType").get(item) != simdjson::SUCCESS) return Damaged("an array has no elementType");
    type.kind = Kind::kArray;
    NL_ASSIGN_OR_RETURN(auto parsed_item, ParseType(item, depth + 1));
    type.children.push_back(std::move(parsed_item));
    NL_ASSIGN_OR_RETURN(type.contains_null, ParseContainsNull(nested, "containsNull"));
    return type;
  }
  if (name == "map") {
    element key_type;
    element value_type;
    if (nested.at_key("keyType").get(key_type) != simdjson::SUCCESS ||
        nested.at_key("valueType").get(value_type) != simdjson::SUCCESS) {
      return Damaged("a map has no keyType or valueType");
    }
    type.kind = Kind::kMap;
    NL_ASSIGN_OR_RETURN(auto parsed_key, ParseType(key_type, depth + 1));
    NL_ASSIGN_OR_RETURN(auto parsed_value, ParseType(value_type, depth + 1));
    type.children.push_back(std::move(parsed_key));
    type.children.push_back(std::move(parsed_value));
    NL_ASSIGN_OR_RETURN(type.contains_null, ParseContainsNull(nested, "valueContainsNull"));
    return type;
  }
  // {"type":"variant"} and whatever comes after it.
  return ParsePrimitive(name);
}

void AppendType(std::string& out, const DataType& type);

void AppendStruct(std::string& out, const DataType& type) {
  out += R"({"type":"struct","fields":[)";
  for (size_t i = 0; i < type.fields.size(); ++i) {
    const StructField& field = type.fields[i];
    if (i > 0) out += ',';
    internal::JsonObjectWriter writer(out);
    writer.Text("name", field.name);
    writer.Key("type");
    AppendType(out, field.type);
    writer.Boolean("nullable", field.nullable);
    writer.Key("metadata");
    internal::JsonObjectWriter metadata(out);
    for (const auto& [key, json] : field.metadata) metadata.Raw(key, json);
    metadata.Close();
    writer.Close();
  }
  out += "]}";
}

void AppendType(std::string& out, const DataType& type) {
  if (type.kind == Kind::kStruct) return AppendStruct(out, type);
  if (type.kind == Kind::kDecimal) {
    out += fmt::format("\"decimal({},{})\"", type.precision, type.scale);
    return;
  }
  if (type.kind == Kind::kArray) {
    NL_CHECK(type.children.size() == 1);
    internal::JsonObjectWriter writer(out);
    writer.Text("type", "array");
    writer.Key("elementType");
    AppendType(out, type.children[0]);
    writer.Boolean("containsNull", type.contains_null);
    writer.Close();
    return;
  }
  if (type.kind == Kind::kMap) {
    NL_CHECK(type.children.size() == 2);
    internal::JsonObjectWriter writer(out);
    writer.Text("type", "map");
    writer.Key("keyType");
    AppendType(out, type.children[0]);
    writer.Key("valueType");
    AppendType(out, type.children[1]);
    writer.Boolean("valueContainsNull", type.contains_null);
    writer.Close();
    return;
  }
  for (const PrimitiveName& primitive : kPrimitives) {
    if (primitive.kind == type.kind) return internal::AppendJsonString(out, primitive.delta_name);
  }
  NL_UNREACHABLE();
}

}  // namespace

std::optional<std::string> StructField::TextMetadata(const std::string& key) const {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return std::nullopt;
  const std::string& json = found->second;
  if (json.size() < 2 || json.front() != '"') return std::nullopt;
  if (!json.contains('\\')) return json.substr(1, json.size() - 2);
  simdjson::dom::parser parser;
  std::string_view text;
  if (parser.parse(json).get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return std::string(text);
}

std::string StructField::physical_name() const {
  return TextMetadata("delta.columnMapping.physicalName").value_or(name);
}

int64_t StructField::column_mapping_id() const {
  auto found = metadata.find("delta.columnMapping.id");
  if (found == metadata.end()) return -1;
  int64_t id = -1;
  const std::string& json = found->second;
  auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), id);
  return error == std::errc() && end == json.data() + json.size() ? id : -1;
}

Result<DataType> ParseSchema(std::string_view schema_string) {
  simdjson::dom::parser parser;
  element root;
  const auto parsed = parser.parse(simdjson::padded_string(schema_string)).get(root);
  if (parsed == simdjson::MEMALLOC) throw std::bad_alloc();  // A table of very many columns; it is not damaged.
  if (parsed != simdjson::SUCCESS) return Damaged("not JSON");
  NL_ASSIGN_OR_RETURN(auto type, ParseType(root, 0));
  if (type.kind != Kind::kStruct) return Damaged("it is not a struct");
  return type;
}

std::string SerializeSchema(const DataType& struct_type) {
  NL_CHECK(struct_type.kind == Kind::kStruct);
  std::string out;
  AppendStruct(out, struct_type);
  return out;
}

std::string TypeName(const DataType& type) {
  switch (type.kind) {
    case Kind::kDecimal: return fmt::format("decimal({},{})", type.precision, type.scale);
    case Kind::kArray: return fmt::format("array<{}>", TypeName(type.children.at(0)));
    case Kind::kMap: return fmt::format("map<{}, {}>", TypeName(type.children.at(0)), TypeName(type.children.at(1)));
    case Kind::kStruct: {
      std::string text = "struct<";
      for (const StructField& field : type.fields) {
        if (text.size() > std::string_view("struct<").size()) text += ", ";
        text += field.name + ": " + TypeName(field.type);
      }
      return text + ">";
    }
    default:
      for (const PrimitiveName& primitive : kPrimitives) {
        if (primitive.kind == type.kind) return std::string(primitive.sql_name);
      }
      NL_UNREACHABLE();
  }
}

}  // namespace neurolake::tables::delta
