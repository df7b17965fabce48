// Row and mask policies by tag: docs/sql/grammar.md, "policies".
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "common/text.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/messages.h"
#include "query/policy_messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::DataType;
using tables::delta::StructField;

/// What the column with the tag is called in the policy's expression.
constexpr const char* kValue = "value";

/// Whether `sql` may have a mask under a key. Only binding tells which.
bool NamesKey(std::string_view sql) {
  const std::string text = LowerAscii(sql);
  constexpr std::string_view kUnderKeys[] = {"mask_hash", "mask_token", "mask_fpe", "mask_pseudonym"};
  return std::ranges::any_of(kUnderKeys, [&](std::string_view one) { return text.contains(one); });
}

json::array Encode(const std::vector<PolicyGrantee>& grantees) {
  json::array list;
  for (const auto& one : grantees) list.push_back({{"kind", one.kind}, {"name", one.name}});
  return list;
}

class CreateTagPolicy final : public TableCommand {
 public:
  explicit CreateTagPolicy(PolicyClause clause) : clause_(std::move(clause)), tag_(*clause_.tag) {}
  std::string kind() const override { return clause_.kind == "row" ? "CREATE ROW POLICY" : "CREATE MASK POLICY"; }
  const ObjectName& target() const override { return clause_.table; }
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    if (clause_.if_not_exists) {
      return MakeError(ErrorCode::kNotSupported, "a policy by tag takes OR REPLACE, not IF NOT EXISTS");
    }
    const bool is_mask = clause_.kind == "mask";
    std::string sql = clause_.condition;
    if (is_mask && !clause_.method.empty()) {
      NL_ASSIGN_OR_RETURN(sql, MethodSql());
    }
    NL_RETURN_IF_ERROR(context.Authorize(Right::kManage));
    json::object scope{{"of_columns", tag_.of_columns},
                       {"tag", tag_.tag},
                       {"value", tag_.value ? json::value(*tag_.value) : json::value(nullptr)},
                       {"schema", tag_.schema}};
    NL_ASSIGN_OR_RETURN(auto needs, Bind(context, scope, sql));
    json::object plan;
    plan["value"] = EncodePolicyExpression(ExpressionOf(clause_.name, sql, std::move(needs)));
    if (is_mask) {
      plan["except"] = Encode(clause_.except);
      plan["column"] = EncodePolicyColumn({.name = kValue, .physical = ""});
    } else {
      plan["restrictive"] = clause_.restrictive;
      plan["to"] = Encode(clause_.to);
      if (!clause_.check.empty()) {
        NL_ASSIGN_OR_RETURN(auto checked, Bind(context, scope, clause_.check));
        plan["check"] = EncodePolicyExpression(ExpressionOf(clause_.name, clause_.check, std::move(checked)));
      }
    }
    json::object arguments = std::move(scope);
    arguments["kind"] = clause_.kind;
    arguments["name"] = clause_.name;
    arguments["definition"] = clause_.definition;
    arguments["plan"] = json::serialize(plan);
    arguments["replace"] = clause_.or_replace;
    arguments["if_any"] = tag_.if_any;
    NL_RETURN_IF_ERROR(AskServer(context, "create_tag_policy", arguments));
    return MakeOwnResult({{"policy", "VARCHAR"}, {"tag", "VARCHAR"}, {"created", "BOOLEAN"}},
                         {{clause_.name, tag_.tag, "true"}});
  }

 private:
  /// Of a column of whatever name; which type it has is seen where the tag is.
  Result<std::string> MethodSql() const {
    if (clause_.method == "round" || clause_.method == "year") {
      return MakeError(ErrorCode::kNotSupported,
                       "ROUND and YEAR need to know the column's type; use an expression over value, policy: {}",
                       clause_.name);
    }
    StructField field;
    field.name = kValue;
    field.type.kind = DataType::Kind::kString;
    return MaskSql(clause_, field);
  }

  /// Binds `sql` wherever the tag is. What it needs goes by names: they are those of the expression in a policy of
  /// columns, else those that every table with the tag has.
  Result<plan::PolicyNeeds> Bind(CommandContext& context, const json::object& scope, const std::string& sql) const {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "tag_matches", scope));
    const auto* matches = answer.if_contains("matches");
    if (matches == nullptr || !matches->is_array()) return BadMember("matches");
    std::optional<plan::PolicyNeeds> needed;
    for (const auto& one : matches->get_array()) {
      if (!one.is_array() || one.get_array().size() != 3 ||
          !std::ranges::all_of(one.get_array(), &json::value::is_string)) {
        return BadMember("matches");
      }
      const json::array& row = one.get_array();
      const auto table = context.Open({std::string(row[0].get_string()), std::string(row[1].get_string())});
      // What cannot be opened cannot be read either, and what it binds to is looked at whenever it is read.
      if (!table.has_value()) continue;
      tables::delta::FieldPlace place;
      if (tag_.of_columns) {
        const auto found = tables::delta::PlaceOf(table->snapshot->schema(), std::string(row[2].get_string()));
        if (!found) continue;
        place = *found;
      }
      // Inside of a list or map it shows NULL, whatever it says.
      if (place.repeated && clause_.kind == "mask") continue;
      NL_ASSIGN_OR_RETURN(auto needs, BindByTag(context, *table, clause_.name, sql, clause_.kind == "mask", place));
      for (auto& used : needs.columns) used.physical.clear();
      if (!needed) needed = std::move(needs);
    }
    if (needed) return *std::move(needed);
    // Nothing has the tag yet: what it needs is found out where it comes.
    if (NamesKey(sql)) {
      return MakeError(ErrorCode::kNotSupported,
                       "no column has the tag, so the keys of the policy are not known; tag one first, policy: {}",
                       clause_.name);
    }
    if (tag_.of_columns) return plan::PolicyNeeds{.columns = {{.name = kValue, .physical = ""}}, .keys = {}};
    if (!tag_.if_any) return plan::PolicyNeeds();
    return MakeError(
        ErrorCode::kNotSupported,
        "no table has the tag, so the columns of the policy are not known; tag one first, or use ON COLUMN "
        "TAG, policy: {}",
        clause_.name);
  }

  PolicyClause clause_;
  TagClause tag_;
};

class DropTagPolicy final : public TableCommand {
 public:
  DropTagPolicy(std::string kind, std::string name, bool if_exists)
      : kind_(std::move(kind)), name_(std::move(name)), if_exists_(if_exists) {}
  std::string kind() const override { return kind_ == "row" ? "DROP ROW POLICY" : "DROP MASK POLICY"; }
  const ObjectName& target() const override { return target_; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_RETURN_IF_ERROR(
        AskServer(context, "drop_tag_policy", {{"kind", kind_}, {"name", name_}, {"if_exists", if_exists_}}));
    return MakeOwnResult({{"policy", "VARCHAR"}}, {{name_}});
  }

 private:
  std::string kind_;
  std::string name_;
  bool if_exists_;
  ObjectName target_;
};

class ShowTagPolicies final : public TableCommand {
 public:
  std::string kind() const override { return "SHOW POLICIES"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return false; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "show_tag_policies", {}));
    return ResultOfRows({{"schema_name", "VARCHAR"},
                         {"policy", "VARCHAR"},
                         {"kind", "VARCHAR"},
                         {"of", "VARCHAR"},
                         {"tag", "VARCHAR"},
                         {"value", "VARCHAR"},
                         {"definition", "VARCHAR"},
                         {"created_by", "VARCHAR"},
                         {"created_at", "VARCHAR"}},
                        answer);
  }

 private:
  ObjectName target_;
};

}  // namespace

std::shared_ptr<const TableCommand> MakeTagPolicy(PolicyClause clause) {
  return std::make_shared<CreateTagPolicy>(std::move(clause));
}

std::shared_ptr<const TableCommand> MakeDropTagPolicy(std::string kind, std::string name, bool if_exists) {
  return std::make_shared<DropTagPolicy>(std::move(kind), std::move(name), if_exists);
}

std::shared_ptr<const TableCommand> MakeShowTagPolicies() { return std::make_shared<ShowTagPolicies>(); }

}  // namespace neurolake::query
