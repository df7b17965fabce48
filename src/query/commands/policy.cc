#include "query/commands/policy.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "common/ids.h"
#include "common/text.h"
#include "plan/field_path.h"
#include "query/commands/present_names.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "query/policy_messages.h"
#include "tables/delta/schema.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::DataType;
using tables::delta::StructField;

json::array Encode(const std::vector<PolicyGrantee>& grantees) {
  json::array list;
  for (const auto& one : grantees) list.push_back({{"kind", one.kind}, {"name", one.name}});
  return list;
}

bool IsNumber(const DataType& type) {
  using Kind = DataType::Kind;
  switch (type.kind) {
    case Kind::kByte:
    case Kind::kShort:
    case Kind::kInteger:
    case Kind::kLong:
    case Kind::kFloat:
    case Kind::kDouble:
    case Kind::kDecimal: return true;
    default: return false;
  }
}

/// As the engine spells it; arithmetic widens numbers.
std::string NumberType(const DataType& type) {
  using Kind = DataType::Kind;
  switch (type.kind) {
    case Kind::kByte: return "TINYINT";
    case Kind::kShort: return "SMALLINT";
    case Kind::kInteger: return "INTEGER";
    case Kind::kLong: return "BIGINT";
    case Kind::kFloat: return "FLOAT";
    case Kind::kDecimal: return fmt::format("DECIMAL({},{})", type.precision, type.scale);
    default: return "DOUBLE";
  }
}

}  // namespace

Result<std::string> MaskSql(const PolicyClause& clause, const StructField& field) {
  using Kind = DataType::Kind;
  const std::string column = QuoteIdentifier(field.name);
  const auto takes = [&](bool right, std::string_view what) -> Result<void> {
    if (right) return {};
    return MakeError(ErrorCode::kTypeMismatch, "{} masks {}, not: {}", clause.method, what, field.name);
  };
  if (clause.method == "null") return std::string("NULL");
  if (clause.method == "round") {
    NL_RETURN_IF_ERROR(takes(IsNumber(field.type), "numbers"));
    std::string step = "1" + std::string(static_cast<size_t>(clause.count), '0');
    // In whole steps, towards zero: no overflow at the ends of the type.
    return fmt::format("CAST({} - {} % {} AS {})", column, column, step, NumberType(field.type));
  }
  if (clause.method == "year") {
    const bool time =
        field.type.kind == Kind::kDate || field.type.kind == Kind::kTimestamp || field.type.kind == Kind::kTimestampNtz;
    NL_RETURN_IF_ERROR(takes(time, "dates and timestamps"));
    const std::string year = fmt::format("date_trunc('year', {})", column);
    return field.type.kind == Kind::kDate ? fmt::format("CAST({} AS DATE)", year) : year;
  }
  NL_RETURN_IF_ERROR(takes(field.type.kind == Kind::kString, "texts"));
  const auto unless_null = [&](const std::string& shown) {
    return fmt::format("CASE WHEN {} IS NULL THEN NULL ELSE {} END", column, shown);
  };
  if (clause.method == "redact") return unless_null("'[redacted]'");
  if (clause.method == "constant") return unless_null(clause.constant);
  if (clause.method == "hash") {
    // Two keyed rounds, as HMAC has them; the keys are this policy's own, so that nobody can hash a guess.
    return fmt::format("sha256('{}' || sha256('{}' || {}))", NewUuid() + NewUuid(), NewUuid() + NewUuid(), column);
  }
  // Of a text that is no longer than what is shown nothing is shown.
  const char* side = clause.method == "first" ? "left" : "right";
  const std::string part = fmt::format("{}({}, {})", side, column, clause.count);
  const std::string stars = fmt::format("repeat('*', 4)");
  const std::string shown = clause.method == "first" ? part + " || " + stars : stars + " || " + part;
  return fmt::format("CASE WHEN {0} IS NULL THEN NULL WHEN length({0}) <= {1} THEN {2} ELSE {3} END", column,
                     clause.count, stars, shown);
}

plan::PolicyExpression ExpressionOf(const std::string& policy, const std::string& sql, plan::PolicyNeeds needs) {
  std::vector<plan::PolicyKeyName> keys;
  for (const std::string& name : needs.keys) keys.push_back({.name = name, .id = ""});
  return {.policy = policy, .sql = sql, .columns = std::move(needs.columns), .keys = std::move(keys)};
}

namespace {

class CreatePolicy final : public TableCommand {
 public:
  explicit CreatePolicy(PolicyClause clause) : clause_(std::move(clause)) {}
  std::string kind() const override { return clause_.kind == "row" ? "CREATE ROW POLICY" : "CREATE MASK POLICY"; }
  const ObjectName& target() const override { return clause_.table; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(clause_.table));
    json::object plan;
    std::string masked;
    if (clause_.kind == "row") {
      plan["restrictive"] = clause_.restrictive;
      plan["to"] = Encode(clause_.to);
      NL_ASSIGN_OR_RETURN(plan["value"], Bound(context, table, clause_.condition, ""));
      if (!clause_.check.empty()) {
        NL_ASSIGN_OR_RETURN(plan["check"], Bound(context, table, clause_.check, ""));
      }
    } else {
      NL_ASSIGN_OR_RETURN(const Masked target, MaskedOf(table));
      plan["except"] = Encode(clause_.except);
      masked = target.key;
      plan["column"] = EncodePolicyColumn(target.column);
      std::string sql = clause_.condition;
      if (!clause_.method.empty()) {
        NL_ASSIGN_OR_RETURN(sql, MaskSql(clause_, target.value));
      }
      NL_ASSIGN_OR_RETURN(plan["value"], Bound(context, table, sql, target.column.name));
    }
    const json::object arguments{{"table", table.entry.id.value()},
                                 {"kind", clause_.kind},
                                 {"name", clause_.name},
                                 {"definition", clause_.definition},
                                 {"plan", json::serialize(plan)},
                                 {"column", masked},
                                 {"replace", clause_.or_replace},
                                 {"if_not_exists", clause_.if_not_exists}};
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "create_policy", arguments));
    NL_ASSIGN_OR_RETURN(const bool created, BoolMember(answer, "created"));
    return MakeOwnResult({{"policy", "VARCHAR"}, {"table_name", "VARCHAR"}, {"created", "BOOLEAN"}},
                         {{clause_.name, table.full_name(), created ? "true" : "false"}});
  }

 private:
  Result<json::object> Bound(CommandContext& context, const OpenedTable& table, const std::string& sql,
                             const std::string& mask_of) const {
    NL_ASSIGN_OR_RETURN(auto needs, context.BindPolicy(table, sql, mask_of));
    return EncodePolicyExpression(ExpressionOf(clause_.name, sql, std::move(needs)));
  }

  Result<const StructField*> FieldOf(const OpenedTable& table) const {
    for (const StructField& field : table.snapshot->schema().fields) {
      if (EqualsIgnoringCase(field.name, clause_.column)) return &field;
    }
    return MakeError(ErrorCode::kColumnNotFound, "the table has no such column: {} of {}", clause_.column,
                     table.full_name());
  }

  struct Masked {
    plan::PolicyColumn column;
    StructField value;  ///< As the mask's expression calls it.
    std::string key;    ///< What the table's files call it; of a field a JSON array of what they call each on its way.
  };

  Result<Masked> MaskedOf(const OpenedTable& table) const {
    NL_ASSIGN_OR_RETURN(const StructField* field, FieldOf(table));
    Masked masked{.column = {.name = field->name, .physical = field->physical_name()},
                  .value = *field,
                  .key = field->physical_name()};
    if (clause_.fields.empty()) return masked;
    json::array key = {field->physical_name()};
    for (const std::string& name : clause_.fields) {
      if (field->type.kind == DataType::Kind::kArray || field->type.kind == DataType::Kind::kMap) {
        return MakeError(ErrorCode::kNotSupported,
                         "what is inside of a list or map is masked with all of it, by a mask of: {}", field->name);
      }
      const auto& inside = field->type.fields;
      const auto found =
          std::ranges::find_if(inside, [&](const auto& one) { return EqualsIgnoringCase(one.name, name); });
      if (found == inside.end()) {
        return MakeError(ErrorCode::kColumnNotFound, "there is no such field: {} in {} of {}", name, field->name,
                         table.full_name());
      }
      field = &*found;
      masked.column.name += plan::kFieldSeparator + field->name;
      masked.column.physical += plan::kFieldSeparator + field->physical_name();
      key.emplace_back(field->physical_name());
    }
    masked.value = {.name = plan::kMaskedValue, .type = field->type};
    masked.key = json::serialize(key);
    return masked;
  }

  PolicyClause clause_;
};

class DropPolicy final : public TableCommand {
 public:
  DropPolicy(std::string kind, ObjectName table, std::string name, bool if_exists)
      : kind_(std::move(kind)), table_(std::move(table)), name_(std::move(name)), if_exists_(if_exists) {}
  std::string kind() const override { return kind_ == "row" ? "DROP ROW POLICY" : "DROP MASK POLICY"; }
  const ObjectName& target() const override { return table_; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(table_));
    NL_RETURN_IF_ERROR(
        AskServer(context, "drop_policy",
                  {{"table", table.entry.id.value()}, {"kind", kind_}, {"name", name_}, {"if_exists", if_exists_}}));
    return MakeOwnResult({{"policy", "VARCHAR"}, {"table_name", "VARCHAR"}}, {{name_, table.full_name()}});
  }

 private:
  std::string kind_;
  ObjectName table_;
  std::string name_;
  bool if_exists_;
};

class ShowPolicies final : public TableCommand {
 public:
  ShowPolicies(std::optional<ObjectName> table, bool effective, std::string principal)
      : table_(std::move(table)),
        effective_(effective),
        principal_(std::move(principal)),
        target_(table_.value_or(ObjectName{})) {}
  std::string kind() const override { return effective_ ? "SHOW EFFECTIVE POLICY" : "SHOW POLICIES"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return false; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    std::string id;
    if (table_) {
      NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(*table_));
      id = table.entry.id.value();
    }
    if (effective_) {
      NL_ASSIGN_OR_RETURN(auto answer,
                          AskServer(context, "effective_policy", {{"table", id}, {"principal", principal_}}));
      NL_RETURN_IF_ERROR(NameColumns(context, answer));
      NL_RETURN_IF_ERROR(CallColumnsAsNow(context, answer));
      return ResultOfRows(
          {{"applies", "VARCHAR"}, {"policy", "VARCHAR"}, {"column_name", "VARCHAR"}, {"expression", "VARCHAR"}},
          answer);
    }
    NL_ASSIGN_OR_RETURN(auto answer, AskServer(context, "policies", {{"table", id}}));
    NL_RETURN_IF_ERROR(CallColumnsAsNow(context, answer));
    return ResultOfRows({{"schema_name", "VARCHAR"},
                         {"table_name", "VARCHAR"},
                         {"policy", "VARCHAR"},
                         {"kind", "VARCHAR"},
                         {"column_name", "VARCHAR"},
                         {"definition", "VARCHAR"},
                         {"created_by", "VARCHAR"},
                         {"created_at", "VARCHAR"}},
                        answer);
  }

 private:
  /// Privileges keep what files call a column.
  Result<void> NameColumns(CommandContext& context, json::object& answer) const {
    auto* rows = answer.if_contains("rows");
    if (rows == nullptr || !rows->is_array()) return BadMember("rows");
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(*table_));
    for (auto& row : rows->get_array()) {
      if (!row.is_array() || row.get_array().size() != 4 || row.at(1) != "select") continue;
      for (const StructField& field : table.snapshot->schema().fields) {
        if (row.at(2) != json::value(field.physical_name())) continue;
        row.at(2) = field.name;
        break;
      }
    }
    return {};
  }

  std::optional<ObjectName> table_;
  bool effective_;
  std::string principal_;
  ObjectName target_;
};

Result<std::shared_ptr<const TableCommand>> ParseCreate(TokenCursor cursor, const std::string& kind, bool or_replace) {
  NL_ASSIGN_OR_RETURN(PolicyClause clause, ParsePolicyClause(cursor, kind));
  clause.or_replace = or_replace;
  if (clause.tag) return MakeTagPolicy(std::move(clause));
  return std::make_shared<CreatePolicy>(std::move(clause));
}

Result<std::shared_ptr<const TableCommand>> ParseDrop(TokenCursor cursor, const std::string& kind) {
  const bool if_exists = cursor.AcceptWords({"if", "exists"});
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("the name of a policy"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("on"));
  // A table may be called so, too: then nothing follows but its end.
  if (cursor.IsWord("column") || (cursor.IsWord("tag") && cursor.Has(1) && !cursor.IsSymbol(".", 1))) {
    cursor.AcceptWord("column");
    NL_RETURN_IF_ERROR(cursor.ExpectWord("tag"));
    NL_RETURN_IF_ERROR(ParseTagName(cursor));
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return MakeDropTagPolicy(kind, LowerAscii(name), if_exists);
  }
  NL_ASSIGN_OR_RETURN(auto table, cursor.ExpectObjectName());
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<DropPolicy>(kind, std::move(table), LowerAscii(name), if_exists);
}

Result<std::shared_ptr<const TableCommand>> ParseShow(TokenCursor cursor, bool effective) {
  if (!effective && cursor.AcceptWords({"on", "tags"}) && cursor.AtEnd()) return MakeShowTagPolicies();
  std::string principal;
  if (effective && cursor.AcceptWord("for")) {
    NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("a user"));
    principal = LowerAscii(name);
  }
  std::optional<ObjectName> table;
  if (effective) NL_RETURN_IF_ERROR(cursor.ExpectWord("on"));
  if (effective || cursor.AcceptWord("on")) {
    NL_ASSIGN_OR_RETURN(table, cursor.ExpectObjectName());
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ShowPolicies>(std::move(table), effective, std::move(principal));
}

}  // namespace

Result<OwnResult> ResultOfRows(const std::vector<OwnColumn>& columns, const json::object& answer) {
  const auto* list = answer.if_contains("rows");
  if (list == nullptr || !list->is_array()) return BadMember("rows");
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const auto& one : list->get_array()) {
    if (!one.is_array() || one.get_array().size() != columns.size()) return BadMember("rows");
    auto& row = rows.emplace_back();
    for (const auto& value : one.get_array()) {
      row.push_back(value.is_string() ? std::optional(std::string(value.get_string())) : std::nullopt);
    }
  }
  return MakeOwnResult(columns, rows);
}

Result<std::shared_ptr<const TableCommand>> ParsePolicyStatement(TokenCursor cursor) {
  for (const std::string kind : {"row", "mask"}) {
    if (cursor.AcceptWords({"create", kind, "policy"})) return ParseCreate(cursor, kind, false);
    if (cursor.AcceptWords({"create", "or", "replace", kind, "policy"})) return ParseCreate(cursor, kind, true);
    if (cursor.AcceptWords({"drop", kind, "policy"})) return ParseDrop(cursor, kind);
  }
  if (cursor.AcceptWords({"show", "policies"})) return ParseShow(cursor, false);
  if (cursor.AcceptWords({"show", "effective", "policy"})) return ParseShow(cursor, true);
  return nullptr;
}

}  // namespace neurolake::query
