// SET TAGS, UNSET TAGS and SHOW TAGS: docs/sql/grammar.md, "tags".
#include <boost/json/array.hpp>

#include "common/field_path.h"
#include "common/text.h"
#include "plan/known_columns.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "query/policy_messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::FieldPlace;

struct TagsClause {
  ObjectName table;
  std::vector<std::string> column;  ///< The way to a column or a field inside of one; empty: the table's own.
  bool unset = false;
  std::vector<std::pair<std::string, std::string>> tags;  ///< Name and value, which UNSET has none of.
};

class ChangeTags final : public TableCommand {
 public:
  explicit ChangeTags(TagsClause clause) : clause_(std::move(clause)) {}
  std::string kind() const override { return "ALTER TABLE"; }
  const ObjectName& target() const override { return clause_.table; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(clause_.table));
    FieldPlace place;
    if (!clause_.column.empty()) {
      const auto found = tables::delta::FindPlace(table.snapshot->schema(), clause_.column);
      if (!found) {
        return MakeError(ErrorCode::kColumnNotFound, "the table has no such column or field: {} of {}",
                         fmt::format("{}", fmt::join(clause_.column, ".")), table.full_name());
      }
      place = *found;
    }
    if (!clause_.unset) NL_RETURN_IF_ERROR(CheckFits(context, table, place));
    json::array set, unset;
    for (const auto& [tag, value] : clause_.tags) {
      if (clause_.unset) unset.push_back(json::array{place.physical, tag});
      else set.push_back(json::array{place.physical, place.names, tag, value});
    }
    NL_RETURN_IF_ERROR(
        AskServer(context, "set_tags",
                  {{"table", table.entry.id.value()}, {"set", std::move(set)}, {"unset", std::move(unset)}}));
    return MakeRowsChangedResult(-1);
  }

 private:
  /// What policies say of these tags has to be true or false, or of the column's type, here.
  Result<void> CheckFits(CommandContext& context, const OpenedTable& table, const FieldPlace& place) const {
    json::array tags;
    for (const auto& [tag, value] : clause_.tags) tags.push_back(json::array{place.physical, tag, value});
    return CheckTagsFit(context, table, place, std::move(tags));
  }

  TagsClause clause_;
};

class ShowTags final : public TableCommand {
 public:
  explicit ShowTags(ObjectName relation) : relation_(std::move(relation)) {}
  std::string kind() const override { return "SHOW TAGS"; }
  const ObjectName& target() const override { return relation_; }
  bool writes() const override { return false; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    const ObjectName full = context.Qualified(relation_);
    NL_ASSIGN_OR_RETURN(auto answer, AskServer(context, "tags", {{"schema", full.schema}, {"name", full.name}}));
    const auto table = context.Open(relation_);
    // A view has no files, and calls its columns what it called them.
    if (!table.has_value() && table.error().code() != ErrorCode::kNotFound) return std::unexpected(table.error());
    auto* rows = answer.if_contains("rows");
    if (rows == nullptr || !rows->is_array()) return BadMember("rows");
    json::array shown;
    for (const auto& one : rows->get_array()) {
      if (!one.is_array() || one.get_array().size() != 6) return BadMember("rows");
      const json::array& row = one.get_array();
      if (!row[0].is_string() || !row[1].is_string()) return BadMember("rows");
      const std::string physical(row[0].get_string());
      std::string name(row[1].get_string());
      if (table.has_value()) {
        const auto place = tables::delta::PlaceOf(table->snapshot->schema(), physical);
        if (place) name = place->names;
        const bool known = plan::MayKnowColumn(table->entry.policy.get(), FieldPath(physical)[0], FieldPath(name)[0]);
        if (!physical.empty() && !known) continue;
      }
      const json::value column = physical.empty() ? json::value(nullptr) : json::value(ShownPath(std::move(name)));
      shown.push_back(json::array{column, row[2], row[3], row[4], row[5]});
    }
    return ResultOfRows({{"column_name", "VARCHAR"},
                         {"tag", "VARCHAR"},
                         {"value", "VARCHAR"},
                         {"set_by", "VARCHAR"},
                         {"set_at", "VARCHAR"}},
                        {{"rows", std::move(shown)}});
  }

 private:
  ObjectName relation_;
};

/// `( 'tag' = 'value', 'tag', … )`; `unset`: names alone.
Result<std::vector<std::pair<std::string, std::string>>> ParseTags(TokenCursor& cursor, bool unset) {
  std::vector<std::pair<std::string, std::string>> tags;
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    NL_ASSIGN_OR_RETURN(std::string tag, ParseTagName(cursor));
    std::string value;
    if (!unset && cursor.AcceptSymbol("=")) {
      NL_ASSIGN_OR_RETURN(value, cursor.ExpectString("the value of a tag"));
    }
    if (std::ranges::find(tags, tag, &std::pair<std::string, std::string>::first) != tags.end()) {
      return MakeError(ErrorCode::kInvalidArgument, "a tag is named twice: {}", tag);
    }
    tags.emplace_back(std::move(tag), std::move(value));
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return tags;
}

}  // namespace

Result<void> CheckTagsFit(CommandContext& context, const OpenedTable& table, const FieldPlace& place,
                          json::array tags) {
  NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "tag_policies",
                                                   {{"table", table.entry.id.value()}, {"tags", std::move(tags)}}));
  const auto* policies = answer.if_contains("policies");
  if (policies == nullptr) return BadMember("policies");
  return CheckPoliciesFit(context, table, place, *policies);
}

Result<void> CheckPoliciesFit(CommandContext& context, const OpenedTable& table, const FieldPlace& place,
                              const json::value& policies) {
  if (!policies.is_array()) return BadMember("policies");
  for (const auto& one : policies.get_array()) {
    if (!one.is_object()) return BadMember("policies");
    NL_ASSIGN_OR_RETURN(const std::string name, StringMember(one.get_object(), "name"));
    NL_ASSIGN_OR_RETURN(const std::string kind, StringMember(one.get_object(), "kind"));
    NL_ASSIGN_OR_RETURN(const std::string text, StringMember(one.get_object(), "plan"));
    NL_ASSIGN_OR_RETURN(const json::object plan, ParseObject(text));
    for (const char* part : {"value", "check"}) {
      const auto* member = plan.if_contains(part);
      if (member == nullptr || !member->is_object()) continue;
      NL_ASSIGN_OR_RETURN(const auto expression, DecodePolicyExpression(member->get_object()));
      NL_RETURN_IF_ERROR(BindByTag(context, table, name, expression.sql, kind == "mask", place));
    }
  }
  return {};
}

Result<plan::PolicyNeeds> BindByTag(CommandContext& context, const OpenedTable& table, const std::string& policy,
                                    const std::string& sql, bool is_mask, const FieldPlace& place) {
  const std::string where =
      table.full_name() + (place.names.empty() ? "" : ", column " + ShownPath(place.names)) + ": " + policy;
  if (place.repeated) {
    // All of the list or map is NULL then, which fits whatever it is.
    if (is_mask) return plan::PolicyNeeds();
    return MakeError(ErrorCode::kNotSupported,
                     "the policy by tag does not fit {}: what is inside of a list or map is no single value of a row",
                     where);
  }
  auto bound = context.BindPolicy(table, sql, is_mask ? place.names : "", place.names);
  if (bound.has_value()) return bound;
  // What was said of the text is said of this table.
  return MakeError(bound.error().code(), "the policy by tag does not fit {}: {}", where, bound.error().message());
}

Result<std::shared_ptr<const TableCommand>> ParseTagStatement(TokenCursor cursor) {
  // SHOW and a name alone is about a table that is called so.
  if (cursor.AcceptWords({"show", "tags", "on"}) || cursor.AcceptWords({"show", "tags", "in"})) {
    NL_ASSIGN_OR_RETURN(auto relation, cursor.ExpectObjectName());
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<ShowTags>(std::move(relation));
  }
  if (!cursor.AcceptWords({"alter", "table"}) || cursor.IsWord("if")) return nullptr;
  TagsClause clause;
  auto table = cursor.ExpectObjectName();
  // ALTER TABLE says what is wrong with it.
  if (!table.has_value()) return nullptr;
  clause.table = *std::move(table);
  if (cursor.AcceptWord("alter")) {
    cursor.AcceptWord("column");
    do {
      auto name = cursor.ExpectIdentifier("a column");
      if (!name.has_value()) return nullptr;
      clause.column.push_back(*std::move(name));
    } while (cursor.AcceptSymbol("."));
  }
  if (cursor.AcceptWords({"unset", "tags"})) {
    clause.unset = true;
  } else if (!cursor.AcceptWords({"set", "tags"})) {
    return nullptr;
  }
  NL_ASSIGN_OR_RETURN(clause.tags, ParseTags(cursor, clause.unset));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ChangeTags>(std::move(clause));
}

}  // namespace neurolake::query
