#include "query/commands/semantic_model.h"

#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/commands/policy.h"
#include "query/commands/semantic_model_binding.h"
#include "query/commands/semantic_model_rows.h"
#include "query/commands/server_action.h"
#include "query/messages.h"
#include "query/semantic_models.h"
#include "semantic/lint.h"
#include "semantic/load.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using Row = std::vector<std::optional<std::string>>;

/// A model as the server tells it, before its text is loaded.
struct ToldModel {
  catalog::SemanticModelRecord record;
  bool may_change = false;
};

Result<ToldModel> AskForModel(CommandContext& context, const std::string& name, std::optional<int64_t> version) {
  NL_ASSIGN_OR_RETURN(const auto answer,
                      AskServer(context, "semantic_model",
                                {{"name", name}, {"version", version ? json::value(*version) : json::value(nullptr)}}));
  ToldModel told;
  NL_ASSIGN_OR_RETURN(told.record.name, StringMember(answer, "name"));
  NL_ASSIGN_OR_RETURN(told.record.schema_name, StringMember(answer, "schema"));
  NL_ASSIGN_OR_RETURN(told.record.comment, StringMember(answer, "comment"));
  NL_ASSIGN_OR_RETURN(told.record.current.version, IntMember(answer, "version"));
  NL_ASSIGN_OR_RETURN(told.record.current.body, StringMember(answer, "definition"));
  NL_ASSIGN_OR_RETURN(told.may_change, BoolMember(answer, "may_change"));
  const auto* tables = answer.if_contains("tables");
  if (tables == nullptr || !tables->is_array()) return BadMember("tables");
  for (const auto& one : tables->get_array()) {
    const auto& parts = one.as_array();
    const auto part = [&](size_t i) { return std::string(parts.at(i).as_string()); };
    told.record.current.tables.push_back(
        {.schema_name = part(0), .name = part(1), .relation_id = {}, .schema_now = part(2), .name_now = part(3)});
  }
  return told;
}

std::vector<OwnColumn> FindingColumns() {
  return {{"model_name", "VARCHAR"}, {"version", "BIGINT"}, {"severity", "VARCHAR"}, {"rule", "VARCHAR"},
          {"member", "VARCHAR"},     {"line", "BIGINT"},    {"finding", "VARCHAR"}};
}

/// What of a model may be misunderstood, one finding in a row behind the model's name and version; one row if nothing.
std::vector<Row> FindingRows(const std::string& name, const std::string& version,
                             const semantic::SemanticModel& model) {
  std::vector<Row> rows;
  const auto add = [&](std::string severity, std::string rule, std::string member, uint32_t line, std::string text) {
    rows.push_back({name, version, std::move(severity), std::move(rule), std::move(member),
                    line == 0 ? std::nullopt : std::optional(std::to_string(line)), std::move(text)});
  };
  if (!EqualsIgnoringCase(model.name, name)) {
    add("note", "other-name", model.name, model.line, "the text has another name: the statement's counts");
  }
  for (const auto& one : semantic::LintModel(model)) {
    const bool warns = one.severity == semantic::LintFinding::Severity::kWarning;
    add(warns ? "warning" : "note", one.rule, one.member, one.line, one.text);
  }
  if (rows.empty())
    rows.push_back({name, version, std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt});
  return rows;
}

class ModelCommand : public TableCommand {
 public:
  const ObjectName& target() const override { return target_; }

 private:
  ObjectName target_;
};

class CreateSemanticModel final : public ModelCommand {
 public:
  explicit CreateSemanticModel(SemanticModelClause clause) : clause_(std::move(clause)) {}
  std::string kind() const override { return "CREATE SEMANTIC MODEL"; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto model, semantic::LoadModel(clause_.definition));
    NL_ASSIGN_OR_RETURN(const auto placed, Placed(context, model));
    NL_RETURN_IF_ERROR(ModelBinder(context).CheckAll(placed));
    const auto text = [](const std::optional<std::string>& one) {
      return one ? json::value(*one) : json::value(nullptr);
    };
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "create_semantic_model",
                                                     {{"name", clause_.name},
                                                      {"schema", text(clause_.schema)},
                                                      {"session_schema", SessionSchema(context)},
                                                      {"comment", text(clause_.comment)},
                                                      {"definition", clause_.definition},
                                                      {"or_replace", clause_.or_replace},
                                                      {"if_not_exists", clause_.if_not_exists}}));
    const auto* version = answer.if_contains("version");
    if (version == nullptr || !version->is_int64()) {
      return MakeOwnResult(FindingColumns(), {});
    }
    return MakeOwnResult(FindingColumns(), FindingRows(clause_.name, std::to_string(version->get_int64()), model));
  }

 private:
  static std::string SessionSchema(CommandContext& context) { return context.Qualified({"", "x"}).schema; }

  /// With the schema that tables without one are of: what the statement says, or what a model that is replaced is of,
  /// or the session's.
  Result<semantic::SemanticModel> Placed(CommandContext& context, semantic::SemanticModel model) const {
    std::string schema = clause_.schema.value_or(SessionSchema(context));
    if (!clause_.schema && clause_.or_replace) {
      const auto known = AskForModel(context, clause_.name, std::nullopt);
      if (known) schema = known->record.schema_name;
      else if (known.error().code() != ErrorCode::kNotFound) return std::unexpected(known.error());
    }
    for (auto& entity : model.entities) {
      if (entity.table.size() == 1) entity.table.insert(entity.table.begin(), schema);
    }
    return model;
  }

  SemanticModelClause clause_;
};

class RestoreSemanticModel final : public ModelCommand {
 public:
  RestoreSemanticModel(std::string name, int64_t version) : name_(std::move(name)), version_(version) {}
  std::string kind() const override { return "RESTORE SEMANTIC MODEL"; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const ToldModel told, AskForModel(context, name_, version_));
    NL_ASSIGN_OR_RETURN(const auto model, ModelOf(told.record, told.record.current));
    NL_RETURN_IF_ERROR(ModelBinder(context).CheckAll(model));
    NL_ASSIGN_OR_RETURN(const auto answer,
                        AskServer(context, "restore_semantic_model", {{"name", name_}, {"version", version_}}));
    NL_ASSIGN_OR_RETURN(const int64_t made, IntMember(answer, "version"));
    return MakeOwnResult({{"model_name", "VARCHAR"}, {"version", "BIGINT"}}, {{name_, std::to_string(made)}});
  }

 private:
  std::string name_;
  int64_t version_;
};

/// For who may change the model all of it; for others as much as they could ask for.
class DescribeSemanticModel final : public ModelCommand {
 public:
  DescribeSemanticModel(std::string name, std::optional<int64_t> version) : name_(std::move(name)), version_(version) {}
  std::string kind() const override { return "DESCRIBE SEMANTIC MODEL"; }
  bool writes() const override { return false; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const ToldModel told, AskForModel(context, name_, version_));
    ModelBinder binder(context);
    if (told.may_change && IsStale(told.record.current)) return DescribeStale(binder, told);
    NL_ASSIGN_OR_RETURN(const auto model, ModelOf(told.record, told.record.current));
    NL_ASSIGN_OR_RETURN(const auto visible, binder.Visible(model));
    if (told.may_change) return MakeOwnResult(SemanticModelColumns(), SemanticModelRows(model, &visible));
    return MakeOwnResult(SemanticModelColumns(), SemanticModelRows(visible, nullptr));
  }

 private:
  /// As the text says, so that who looks after it sees which tables are gone.
  static Result<OwnResult> DescribeStale(ModelBinder& binder, const ToldModel& told) {
    NL_ASSIGN_OR_RETURN(auto model, semantic::LoadModel(told.record.current.body));
    for (auto& entity : model.entities) {
      if (entity.table.size() == 1) entity.table.insert(entity.table.begin(), told.record.schema_name);
      for (const auto& table : told.record.current.tables) {
        const bool is_it =
            EqualsIgnoringCase(entity.table[0], table.schema_name) && EqualsIgnoringCase(entity.table[1], table.name);
        if (is_it && !table.is_gone()) entity.table = {table.schema_now, table.name_now};
        if (is_it) break;
      }
    }
    NL_ASSIGN_OR_RETURN(auto visible, binder.Visible(model));
    // Another table of that name is not what the model was made over.
    std::erase_if(visible.entities, [&](const auto& entity) {
      return std::ranges::any_of(told.record.current.tables, [&](const auto& table) {
        return table.is_gone() && EqualsIgnoringCase(entity.table[0], table.schema_name) &&
               EqualsIgnoringCase(entity.table[1], table.name);
      });
    });
    return MakeOwnResult(SemanticModelColumns(), SemanticModelRows(model, &visible));
  }

  std::string name_;
  std::optional<int64_t> version_;
};

/// $tag$text$tag$ by a tag that is not in it.
std::string DollarQuoted(const std::string& text) {
  std::string quote = "$$";
  for (int i = 0; text.find(quote) != std::string::npos || text.ends_with('$'); ++i) {
    quote = fmt::format("$model{}$", i == 0 ? "" : std::to_string(i));
    if (text.find(quote) == std::string::npos) break;
  }
  return quote + text + quote;
}

class ShowCreateSemanticModel final : public ModelCommand {
 public:
  ShowCreateSemanticModel(std::string name, std::optional<int64_t> version)
      : name_(std::move(name)), version_(version) {}
  std::string kind() const override { return "SHOW CREATE SEMANTIC MODEL"; }
  bool writes() const override { return false; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const ToldModel told, AskForModel(context, name_, version_));
    if (!told.may_change) {
      return MakeError(
          ErrorCode::kPermissionDenied,
          "the whole text of a semantic model is for its owner and who manages the lake, DESCRIBE shows as "
          "much as you may ask for: {}",
          told.record.name);
    }
    std::string sql = "CREATE OR REPLACE SEMANTIC MODEL " + QuoteIdentifier(told.record.name) + " ON SCHEMA " +
                      QuoteIdentifier(told.record.schema_name);
    if (!told.record.comment.empty()) sql += " COMMENT " + QuoteLiteral(told.record.comment);
    sql += " AS " + DollarQuoted(told.record.current.body);
    return MakeOwnResult({{"create_statement", "VARCHAR"}, {"definition", "VARCHAR"}},
                         {{sql, told.record.current.body}});
  }

 private:
  std::string name_;
  std::optional<int64_t> version_;
};

class SemanticModelAction final : public ModelCommand {
 public:
  SemanticModelAction(std::string kind, std::string action, json::object arguments, std::vector<OwnColumn> columns)
      : kind_(std::move(kind)),
        action_(std::move(action)),
        arguments_(std::move(arguments)),
        columns_(std::move(columns)) {}
  std::string kind() const override { return kind_; }
  bool writes() const override { return columns_.empty(); }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, action_, arguments_));
    if (columns_.empty()) return MakeRowsChangedResult(-1);
    return ResultOfRows(columns_, answer);
  }

 private:
  std::string kind_;
  std::string action_;
  json::object arguments_;
  std::vector<OwnColumn> columns_;
};

}  // namespace

std::shared_ptr<const TableCommand> MakeCreateSemanticModel(SemanticModelClause clause) {
  return std::make_shared<CreateSemanticModel>(std::move(clause));
}

std::shared_ptr<const TableCommand> MakeRestoreSemanticModel(std::string name, int64_t version) {
  return std::make_shared<RestoreSemanticModel>(std::move(name), version);
}

std::shared_ptr<const TableCommand> MakeDescribeSemanticModel(std::string name, std::optional<int64_t> version) {
  return std::make_shared<DescribeSemanticModel>(std::move(name), version);
}

std::shared_ptr<const TableCommand> MakeShowCreateSemanticModel(std::string name, std::optional<int64_t> version) {
  return std::make_shared<ShowCreateSemanticModel>(std::move(name), version);
}

std::shared_ptr<const TableCommand> MakeSemanticModelAction(std::string kind, std::string action,
                                                            json::object arguments, std::vector<OwnColumn> columns) {
  return std::make_shared<SemanticModelAction>(std::move(kind), std::move(action), std::move(arguments),
                                               std::move(columns));
}

}  // namespace neurolake::query
