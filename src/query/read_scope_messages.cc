#include <boost/json/value.hpp>

#include "query/messages.h"
#include "tables/delta/read_scope.h"

namespace neurolake::query {

namespace json = boost::json;
using tables::delta::ColumnCondition;
using tables::delta::ReadPredicate;
using tables::delta::ReadScope;
using tables::delta::ValueRange;

namespace {

json::value EncodeBound(const std::optional<std::string>& bound) {
  return bound.has_value() ? json::value(*bound) : json::value(nullptr);
}

json::object EncodeCondition(const ColumnCondition& condition) {
  json::array ranges;
  for (const ValueRange& range : condition.ranges) {
    ranges.push_back(json::array{EncodeBound(range.min), EncodeBound(range.max)});
  }
  return {{"column", condition.column}, {"ranges", std::move(ranges)}, {"or_null", condition.or_null}};
}

Result<std::optional<std::string>> DecodeBound(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_string()) return BadMember("ranges");
  return std::string(value.get_string());
}

Result<const json::array*> ArrayMember(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_array()) return BadMember(name);
  return &member->get_array();
}

Result<ColumnCondition> DecodeCondition(const json::value& value) {
  if (!value.is_object()) return BadMember("predicates");
  const json::object& object = value.get_object();
  ColumnCondition condition;
  NL_ASSIGN_OR_RETURN(condition.column, StringMember(object, "column"));
  NL_ASSIGN_OR_RETURN(condition.or_null, BoolMember(object, "or_null"));
  NL_ASSIGN_OR_RETURN(const json::array* ranges, ArrayMember(object, "ranges"));
  for (const json::value& pair : *ranges) {
    if (!pair.is_array() || pair.get_array().size() != 2) return BadMember("ranges");
    ValueRange range;
    NL_ASSIGN_OR_RETURN(range.min, DecodeBound(pair.get_array()[0]));
    NL_ASSIGN_OR_RETURN(range.max, DecodeBound(pair.get_array()[1]));
    condition.ranges.push_back(std::move(range));
  }
  return condition;
}

}  // namespace

json::object EncodeReadScope(const ReadScope& scope) {
  json::array files;
  for (const std::string& file : scope.files) files.emplace_back(file);
  json::array predicates;
  for (const ReadPredicate& predicate : scope.predicates) {
    json::array conditions;
    for (const ColumnCondition& condition : predicate) conditions.push_back(EncodeCondition(condition));
    predicates.push_back(std::move(conditions));
  }
  return {{"whole_table", scope.whole_table}, {"files", std::move(files)}, {"predicates", std::move(predicates)}};
}

Result<ReadScope> DecodeReadScope(const json::object& object) {
  ReadScope scope;
  NL_ASSIGN_OR_RETURN(scope.whole_table, BoolMember(object, "whole_table"));
  NL_ASSIGN_OR_RETURN(const json::array* files, ArrayMember(object, "files"));
  for (const json::value& file : *files) {
    if (!file.is_string()) return BadMember("files");
    scope.files.emplace_back(file.get_string());
  }
  NL_ASSIGN_OR_RETURN(const json::array* predicates, ArrayMember(object, "predicates"));
  for (const json::value& conditions : *predicates) {
    if (!conditions.is_array()) return BadMember("predicates");
    ReadPredicate predicate;
    for (const json::value& value : conditions.get_array()) {
      NL_ASSIGN_OR_RETURN(auto condition, DecodeCondition(value));
      predicate.push_back(std::move(condition));
    }
    scope.predicates.push_back(std::move(predicate));
  }
  return scope;
}

}  // namespace neurolake::query
