#pragma once
#include <map>
#include <string>
#include <vector>

#include "query/commands/table_command.h"
#include "semantic/model.h"

namespace neurolake::query {

/// Finds out, as the statement's principal and under its gates, which expressions of a semantic model bind over their
/// tables. One query for many: a query is split only where something in it does not bind. For one statement.
class ModelBinder {
 public:
  /// Borrows it.
  explicit ModelBinder(CommandContext& context) : context_(context) {}

  /// Whether all of it binds. Errors: of the first member that does not, with its name and line.
  Result<void> CheckAll(const semantic::SemanticModel& model);
  /// The model without what does not bind, what is made of that, and its verified questions, whose words may name it.
  Result<semantic::SemanticModel> Visible(const semantic::SemanticModel& model);

 private:
  using Expressions = std::vector<std::string>;

  /// Binds all of the model's, so that Binds() knows.
  Result<void> BindAll(const semantic::SemanticModel& model);
  Result<void> BindSome(const std::vector<std::string>& table, Expressions expressions);
  Result<void> BindOnce(const std::vector<std::string>& table, const Expressions& expressions);
  bool Binds(const std::vector<std::string>& table, const std::string& expression) const;
  bool BindsColumns(const std::vector<std::string>& table, const std::vector<std::string>& columns) const;
  void KeepVisible(semantic::Entity& entity) const;
  bool IsVisible(const semantic::SemanticModel& visible, const semantic::Metric& metric) const;

  CommandContext& context_;
  std::map<std::pair<std::string, std::string>, bool> bound_;  ///< By table and expression.
};

}  // namespace neurolake::query
