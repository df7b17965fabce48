#include "query/lineage_messages.h"

#include <boost/json.hpp>

#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using plan::LineageDigest;
using plan::LineageSource;

constexpr int64_t kAllKinds = (1 << plan::kDependenceKinds) - 1;

json::array ToArray(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

json::array ToArray(const std::vector<LineageSource>& sources) {
  json::array array;
  for (const LineageSource& source : sources) array.push_back({source.relation, source.field, source.kinds});
  return array;
}

json::array ToArray(const std::vector<plan::LineageNested>& nested) {
  json::array array;
  for (const plan::LineageNested& field : nested) array.push_back({field.names, field.physical});
  return array;
}

json::array ToArray(const std::vector<plan::LineagePart>& parts) {
  json::array array;
  for (const auto& [source, from, to] : parts) {
    array.push_back({source.relation, source.field, source.kinds, from, to});
  }
  return array;
}

Result<const json::array*> ArrayMember(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_array()) return BadMember(name);
  return &member->get_array();
}

Result<std::vector<std::string>> TextsMember(const json::object& object, std::string_view name) {
  NL_ASSIGN_OR_RETURN(const json::array* array, ArrayMember(object, name));
  std::vector<std::string> texts;
  for (const auto& value : *array) {
    if (!value.is_string()) return BadMember(name);
    texts.emplace_back(value.get_string());
  }
  return texts;
}

/// The source that `value`, of `size` members, begins with.
Result<LineageSource> DecodeSource(const json::value& value, size_t size, std::string_view name,
                                   const LineageDigest& digest) {
  if (!value.is_array() || value.get_array().size() != size) return BadMember(name);
  int64_t numbers[3];
  for (size_t i = 0; i < 3; ++i) {
    if (!value.get_array()[i].is_int64()) return BadMember(name);
    numbers[i] = value.get_array()[i].get_int64();
  }
  const auto relations = static_cast<int64_t>(digest.relations.size());
  if (numbers[0] < 0 || numbers[0] >= relations || numbers[2] <= 0 || numbers[2] > kAllKinds) return BadMember(name);
  const auto& fields = digest.relations[static_cast<size_t>(numbers[0])].fields;
  if (numbers[1] < 0 || numbers[1] >= static_cast<int64_t>(fields.size())) return BadMember(name);
  return LineageSource{static_cast<uint32_t>(numbers[0]), static_cast<uint32_t>(numbers[1]),
                       static_cast<uint16_t>(numbers[2])};
}

Result<std::vector<LineageSource>> SourcesMember(const json::object& object, std::string_view name,
                                                 const LineageDigest& digest) {
  NL_ASSIGN_OR_RETURN(const json::array* array, ArrayMember(object, name));
  std::vector<LineageSource> sources;
  for (const auto& value : *array) {
    NL_ASSIGN_OR_RETURN(sources.emplace_back(), DecodeSource(value, 3, name, digest));
  }
  return sources;
}

Result<std::vector<plan::LineagePart>> PartsMember(const json::object& object, const LineageDigest& digest) {
  NL_ASSIGN_OR_RETURN(const json::array* array, ArrayMember(object, "parts"));
  std::vector<plan::LineagePart> parts;
  for (const auto& value : *array) {
    plan::LineagePart part;
    NL_ASSIGN_OR_RETURN(part.source, DecodeSource(value, 5, "parts", digest));
    const json::array& members = value.get_array();
    if (!members[3].is_string() || !members[4].is_string()) return BadMember("parts");
    part.from = members[3].get_string();
    part.to = members[4].get_string();
    parts.push_back(std::move(part));
  }
  return parts;
}

Result<std::vector<plan::LineageNested>> NestedMember(const json::object& object, std::string_view name) {
  NL_ASSIGN_OR_RETURN(const json::array* array, ArrayMember(object, name));
  std::vector<plan::LineageNested> nested;
  for (const auto& value : *array) {
    const bool pair = value.is_array() && value.get_array().size() == 2 && value.get_array()[0].is_string() &&
                      value.get_array()[1].is_string();
    if (!pair) return BadMember(name);
    nested.push_back({std::string(value.get_array()[0].get_string()), std::string(value.get_array()[1].get_string())});
  }
  return nested;
}

Result<plan::LineageRelation> DecodeRelation(const json::value& value) {
  if (!value.is_object()) return BadMember("relations");
  const json::object& object = value.get_object();
  plan::LineageRelation relation;
  NL_ASSIGN_OR_RETURN(relation.kind, StringMember(object, "kind"));
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(object, "id"));
  relation.id = TableId(id);
  NL_ASSIGN_OR_RETURN(relation.version, IntMember(object, "version"));
  NL_ASSIGN_OR_RETURN(relation.via, TextsMember(object, "via"));
  NL_ASSIGN_OR_RETURN(relation.files, TextsMember(object, "files"));
  NL_ASSIGN_OR_RETURN(relation.fields, TextsMember(object, "fields"));
  NL_ASSIGN_OR_RETURN(relation.physical_fields, TextsMember(object, "physical_fields"));
  NL_ASSIGN_OR_RETURN(relation.nested, NestedMember(object, "nested"));
  return relation;
}

}  // namespace

std::string EncodeLineage(const LineageDigest& digest) {
  json::array relations, columns, fields;
  for (const auto& field : digest.target_fields) fields.push_back({field.name, field.type, field.physical});
  for (const auto& relation : digest.relations) {
    relations.push_back({{"kind", relation.kind},
                         {"id", relation.id.value()},
                         {"version", relation.version},
                         {"via", ToArray(relation.via)},
                         {"files", ToArray(relation.files)},
                         {"fields", ToArray(relation.fields)},
                         {"physical_fields", ToArray(relation.physical_fields)},
                         {"nested", ToArray(relation.nested)}});
  }
  for (const auto& column : digest.columns) {
    columns.push_back({{"name", column.name}, {"sources", ToArray(column.sources)}, {"parts", ToArray(column.parts)}});
  }
  return json::serialize(json::object{{"operation", digest.operation},
                                      {"target_kind", digest.target_kind},
                                      {"target", digest.target.value()},
                                      {"target_schema", digest.target_schema},
                                      {"target_name", digest.target_name},
                                      {"target_fields", std::move(fields)},
                                      {"target_nested", ToArray(digest.target_nested)},
                                      {"relations", std::move(relations)},
                                      {"columns", std::move(columns)},
                                      {"rows", ToArray(digest.rows)}});
}

Result<LineageDigest> DecodeLineage(std::string_view payload) {
  NL_ASSIGN_OR_RETURN(const json::object object, ParseObject(payload));
  LineageDigest digest;
  NL_ASSIGN_OR_RETURN(digest.operation, StringMember(object, "operation"));
  NL_ASSIGN_OR_RETURN(digest.target_kind, StringMember(object, "target_kind"));
  NL_ASSIGN_OR_RETURN(const std::string target, StringMember(object, "target"));
  digest.target = TableId(target);
  NL_ASSIGN_OR_RETURN(digest.target_schema, StringMember(object, "target_schema"));
  NL_ASSIGN_OR_RETURN(digest.target_name, StringMember(object, "target_name"));
  NL_ASSIGN_OR_RETURN(const json::array* fields, ArrayMember(object, "target_fields"));
  for (const auto& value : *fields) {
    if (!value.is_array() || value.get_array().size() != 3 ||
        !std::ranges::all_of(value.get_array(), &json::value::is_string)) {
      return BadMember("target_fields");
    }
    const json::array& texts = value.get_array();
    digest.target_fields.push_back(
        {std::string(texts[0].get_string()), std::string(texts[1].get_string()), std::string(texts[2].get_string())});
  }
  NL_ASSIGN_OR_RETURN(digest.target_nested, NestedMember(object, "target_nested"));
  NL_ASSIGN_OR_RETURN(const json::array* relations, ArrayMember(object, "relations"));
  for (const auto& value : *relations) {
    NL_ASSIGN_OR_RETURN(auto relation, DecodeRelation(value));
    digest.relations.push_back(std::move(relation));
  }
  NL_ASSIGN_OR_RETURN(const json::array* columns, ArrayMember(object, "columns"));
  for (const auto& value : *columns) {
    if (!value.is_object()) return BadMember("columns");
    plan::LineageColumn column;
    NL_ASSIGN_OR_RETURN(column.name, StringMember(value.get_object(), "name"));
    NL_ASSIGN_OR_RETURN(column.sources, SourcesMember(value.get_object(), "sources", digest));
    NL_ASSIGN_OR_RETURN(column.parts, PartsMember(value.get_object(), digest));
    digest.columns.push_back(std::move(column));
  }
  NL_ASSIGN_OR_RETURN(digest.rows, SourcesMember(object, "rows", digest));
  return digest;
}

}  // namespace neurolake::query
