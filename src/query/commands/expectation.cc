#include "query/commands/expectation.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "common/text.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "tables/delta/encrypted_columns.h"
#include "tables/delta/schema.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::DataType;
using tables::delta::StructField;

/// The columns of a quarantine table and their types, as the engine spells them; expectation_quarantine.cc fills them.
constexpr std::pair<std::string_view, std::string_view> kQuarantineColumns[] = {
    {"quarantined_at", "TIMESTAMP WITH TIME ZONE"},
    {"statement_id", "VARCHAR"},
    {"read_version", "BIGINT"},
    {"expectations", "VARCHAR"},
    {"change", "VARCHAR"},
    {"row_data", "VARCHAR"}};

std::string QuotedName(const ObjectName& name) {
  return QuoteIdentifier(name.schema) + "." + QuoteIdentifier(name.name);
}

Result<const StructField*> FieldOf(const OpenedTable& table, const std::string& column) {
  for (const StructField& field : table.snapshot->schema().fields) {
    if (!EqualsIgnoringCase(field.name, column)) continue;
    if (!IsEncrypted(field)) return &field;
    return MakeError(ErrorCode::kNotSupported, "an expectation cannot read an encrypted column: {} of {}", field.name,
                     table.full_name());
  }
  return MakeError(ErrorCode::kColumnNotFound, "the table has no such column: {} of {}", column, table.full_name());
}

json::array Names(const std::vector<std::string>& names) { return json::array(names.begin(), names.end()); }

class CreateExpectation final : public TableCommand {
 public:
  explicit CreateExpectation(ExpectationClause clause) : clause_(std::move(clause)) {}
  std::string kind() const override { return "CREATE EXPECTATION"; }
  const ObjectName& target() const override { return clause_.table; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_RETURN_IF_ERROR(context.Authorize(Right::kCreate));
    NL_RETURN_IF_ERROR(context.Authorize(Right::kWrite));
    NL_RETURN_IF_ERROR(CheckAction());
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(clause_.table));
    std::string foreign_id;
    NL_ASSIGN_OR_RETURN(const json::object plan, Plan(context, table, foreign_id));
    std::string quarantine_id;
    if (clause_.action == "QUARANTINE") {
      NL_ASSIGN_OR_RETURN(quarantine_id, PrepareQuarantine(context, table));
    }
    const json::object arguments{{"table", table.entry.id.value()},
                                 {"name", clause_.name},
                                 {"kind", clause_.kind},
                                 {"definition", clause_.definition},
                                 {"plan", json::serialize(plan)},
                                 {"action", clause_.action},
                                 {"foreign", foreign_id},
                                 {"quarantine", quarantine_id},
                                 {"replace", clause_.or_replace},
                                 {"if_not_exists", clause_.if_not_exists}};
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "create_expectation", arguments));
    NL_ASSIGN_OR_RETURN(const bool created, BoolMember(answer, "created"));
    return MakeOwnResult({{"expectation", "VARCHAR"}, {"table_name", "VARCHAR"}, {"created", "BOOLEAN"}},
                         {{clause_.name, table.full_name(), created ? "true" : "false"}});
  }

 private:
  /// Why a violation of these is no row's, so that none can be left out; empty: of rows or keys.
  std::string_view WhyNoRow() const {
    if (clause_.kind == "freshness") return "a table is stale for what nobody wrote";
    if (clause_.kind == "row count" || clause_.kind == "row count drift")
      return "no row is the one too many or missing";
    if (clause_.kind == "distribution") return "values are spread by all rows together";
    return "";
  }

  Result<void> CheckAction() const {
    const std::string_view why = WhyNoRow();
    if (why.empty() || clause_.action == "FAIL" || clause_.action == "WARN") return {};
    return MakeError(ErrorCode::kNotSupported,
                     "{} is about the table as a whole, of which no row can be left out ({}): ON VIOLATION FAIL or "
                     "WARN, not {}",
                     clause_.kind, why, clause_.action);
  }

  /// What is stored: read by the server (columns) and by the engine.
  Result<json::object> Plan(CommandContext& context, const OpenedTable& table, std::string& foreign_id) const {
    json::object plan;
    std::vector<std::string> columns = clause_.key;
    if (clause_.kind == "check") {
      NL_ASSIGN_OR_RETURN(columns, context.BindRowCondition(table, clause_.condition));
      plan["condition"] = clause_.condition;
    }
    NL_ASSIGN_OR_RETURN(plan["columns"], TypesOf(table, columns));
    plan["key"] = Names(clause_.key);
    plan["limit"] = clause_.limit;
    plan["least"] = clause_.least;
    plan["most"] = clause_.most;
    plan["versions"] = clause_.versions;
    if (clause_.kind == "freshness") NL_RETURN_IF_ERROR(CheckIsTime(table));
    if (clause_.kind == "foreign key") {
      NL_ASSIGN_OR_RETURN(const OpenedTable foreign, context.Open(clause_.foreign));
      NL_ASSIGN_OR_RETURN(plan["foreign_columns"], TypesOf(foreign, clause_.foreign_key));
      plan["foreign_key"] = Names(clause_.foreign_key);
      foreign_id = foreign.entry.id.value();
      NL_RETURN_IF_ERROR(CheckComparable(context, table, foreign));
    }
    return plan;
  }

  static Result<json::object> TypesOf(const OpenedTable& table, const std::vector<std::string>& columns) {
    json::object types;
    for (const std::string& column : columns) {
      NL_ASSIGN_OR_RETURN(const StructField* field, FieldOf(table, column));
      types[field->name] = tables::delta::TypeName(field->type);
    }
    return types;
  }

  Result<void> CheckIsTime(const OpenedTable& table) const {
    NL_ASSIGN_OR_RETURN(const StructField* field, FieldOf(table, clause_.key.at(0)));
    using Kind = DataType::Kind;
    const Kind kind = field->type.kind;
    if (kind == Kind::kDate || kind == Kind::kTimestamp || kind == Kind::kTimestampNtz) return {};
    return MakeError(ErrorCode::kTypeMismatch, "FRESH takes a column of dates or timestamps: {}", field->name);
  }

  /// Types of one kind compare as keys do: numbers, dates and times, or one and the same.
  static std::string KindOf(const DataType& type) {
    using Kind = DataType::Kind;
    switch (type.kind) {
      case Kind::kByte:
      case Kind::kShort:
      case Kind::kInteger:
      case Kind::kLong:
      case Kind::kFloat:
      case Kind::kDouble:
      case Kind::kDecimal: return "a number";
      case Kind::kDate:
      case Kind::kTimestamp:
      case Kind::kTimestampNtz: return "a date or time";
      default: return tables::delta::TypeName(type);
    }
  }

  /// Both tables under the user's gates: the types must go together, and the user must be allowed to look.
  Result<void> CheckComparable(CommandContext& context, const OpenedTable& table, const OpenedTable& foreign) const {
    std::string same;
    for (size_t i = 0; i < clause_.key.size(); ++i) {
      NL_ASSIGN_OR_RETURN(const StructField* field, FieldOf(table, clause_.key[i]));
      NL_ASSIGN_OR_RETURN(const StructField* other, FieldOf(foreign, clause_.foreign_key[i]));
      if (KindOf(field->type) != KindOf(other->type)) {
        return MakeError(ErrorCode::kTypeMismatch, "columns of a foreign key must be of one type: {} and {}",
                         field->name, other->name);
      }
      same += fmt::format("{}c.{} = p.{}", i == 0 ? "" : " AND ", QuoteIdentifier(clause_.key[i]),
                          QuoteIdentifier(clause_.foreign_key[i]));
    }
    NL_RETURN_IF_ERROR(context.QueryAsUser(
        fmt::format("SELECT 1 FROM (SELECT * FROM {} LIMIT 0) AS c JOIN (SELECT * FROM {} LIMIT 0) AS p ON {}",
                    QuotedName({table.entry.schema_name, table.entry.table_name}),
                    QuotedName({foreign.entry.schema_name, foreign.entry.table_name}), same)));
    return {};
  }

  /// The id of the table that rows go to, made if there is none yet. Who writes later may not be allowed to make it.
  static Result<std::string> PrepareQuarantine(CommandContext& context, const OpenedTable& table) {
    const ObjectName name{table.entry.schema_name, table.entry.table_name + "_quarantine"};
    std::string columns;
    for (const auto& [column, type] : kQuarantineColumns) {
      columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ", column, type);
    }
    NL_RETURN_IF_ERROR(context.Query(fmt::format("CREATE TABLE IF NOT EXISTS {} ({})", QuotedName(name), columns)));
    NL_ASSIGN_OR_RETURN(const OpenedTable quarantine, context.Open(name));
    const auto& fields = quarantine.snapshot->schema().fields;
    const bool same = std::ranges::equal(fields, kQuarantineColumns, [](const StructField& field, const auto& column) {
      return field.name == column.first;
    });
    if (same) return quarantine.entry.id.value();
    return MakeError(ErrorCode::kAlreadyExists,
                     "the quarantine table cannot be made, as a table with other columns has its name: {}",
                     quarantine.full_name());
  }

  ExpectationClause clause_;
};

class DropExpectation final : public TableCommand {
 public:
  DropExpectation(ObjectName table, std::string name, bool if_exists)
      : table_(std::move(table)), name_(std::move(name)), if_exists_(if_exists) {}
  std::string kind() const override { return "DROP EXPECTATION"; }
  const ObjectName& target() const override { return table_; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_RETURN_IF_ERROR(context.Authorize(Right::kCreate));
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(table_));
    NL_RETURN_IF_ERROR(AskServer(context, "drop_expectation",
                                 {{"table", table.entry.id.value()}, {"name", name_}, {"if_exists", if_exists_}}));
    return MakeOwnResult({{"expectation", "VARCHAR"}, {"table_name", "VARCHAR"}}, {{name_, table.full_name()}});
  }

 private:
  ObjectName table_;
  std::string name_;
  bool if_exists_;
};

class ShowExpectations final : public TableCommand {
 public:
  ShowExpectations(std::optional<ObjectName> table, bool trend)
      : table_(std::move(table)),
        trend_(trend),
        target_(table_ ? *table_ : ObjectName{"system", trend_ ? "expectation_results" : "expectations"}) {}
  std::string kind() const override { return trend_ ? "SHOW EXPECTATION TREND" : "SHOW EXPECTATIONS"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return false; }

  Result<OwnResult> Run(CommandContext& context) const override {
    std::string condition;
    if (table_) {
      NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(*table_));
      condition = fmt::format(" WHERE schema_name = {} AND table_name = {}", QuoteLiteral(table.entry.schema_name),
                              QuoteLiteral(table.entry.table_name));
    }
    NL_ASSIGN_OR_RETURN(const auto rows, context.Query(trend_ ? Trend(condition) : Definitions(condition)));
    std::vector<OwnColumn> columns;
    for (size_t i = 0; i < rows.columns.size(); ++i) columns.push_back({rows.columns[i], rows.types[i]});
    return MakeOwnResult(columns, rows.rows);
  }

 private:
  static std::string Definitions(const std::string& condition) {
    return fmt::format(
        "SELECT schema_name, table_name, name, kind, definition, action, created_by, CAST(created_at AS VARCHAR) AS "
        "created_at FROM system.expectations{} ORDER BY ALL",
        condition);
  }
  /// One row for each expectation: how its checks went, and the newest metric beside the mean of all.
  static std::string Trend(const std::string& condition) {
    return fmt::format(
        "SELECT schema_name, table_name, expectation, CAST(count(*) AS BIGINT) AS checks, CAST(count(*) FILTER "
        "(violations > 0) AS BIGINT) AS checks_violated, CAST(sum(rows_checked) AS BIGINT) AS rows_checked, "
        "CAST(sum(violations) AS BIGINT) AS violations, arg_max(violations, checked_at) AS last_violations, "
        "arg_max(metric, checked_at) AS last_metric, avg(metric) AS mean_metric, CAST(max(checked_at) AS VARCHAR) AS "
        "last_checked_at FROM system.expectation_results{} GROUP BY ALL ORDER BY ALL",
        condition);
  }

  std::optional<ObjectName> table_;
  bool trend_;
  ObjectName target_;
};

Result<std::shared_ptr<const TableCommand>> ParseCreate(TokenCursor cursor, bool or_replace) {
  ExpectationClause clause;
  clause.or_replace = or_replace;
  clause.if_not_exists = cursor.AcceptWords({"if", "not", "exists"});
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("a name for the expectation"));
  clause.name = LowerAscii(name);
  NL_RETURN_IF_ERROR(cursor.ExpectWord("on"));
  NL_ASSIGN_OR_RETURN(clause.table, cursor.ExpectObjectName());
  NL_RETURN_IF_ERROR(ParseExpectationRule(cursor, clause));
  return std::make_shared<CreateExpectation>(std::move(clause));
}

Result<std::shared_ptr<const TableCommand>> ParseDrop(TokenCursor cursor) {
  const bool if_exists = cursor.AcceptWords({"if", "exists"});
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("the name of an expectation"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("on"));
  NL_ASSIGN_OR_RETURN(auto table, cursor.ExpectObjectName());
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<DropExpectation>(std::move(table), LowerAscii(name), if_exists);
}

Result<std::shared_ptr<const TableCommand>> ParseShow(TokenCursor cursor, bool trend) {
  std::optional<ObjectName> table;
  if (cursor.AcceptWord("on")) {
    NL_ASSIGN_OR_RETURN(table, cursor.ExpectObjectName());
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ShowExpectations>(std::move(table), trend);
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseExpectationStatement(TokenCursor cursor) {
  if (cursor.AcceptWords({"create", "expectation"})) return ParseCreate(cursor, false);
  if (cursor.AcceptWords({"create", "or", "replace", "expectation"})) return ParseCreate(cursor, true);
  if (cursor.AcceptWords({"drop", "expectation"})) return ParseDrop(cursor);
  if (cursor.AcceptWords({"show", "expectations"})) return ParseShow(cursor, false);
  if (cursor.AcceptWords({"show", "expectation", "trend"})) return ParseShow(cursor, true);
  return nullptr;
}

}  // namespace neurolake::query
