#include "query/policy_names.h"

#include <algorithm>

#include "plan/field_path.h"
#include "query/policy_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::PolicyRecord;
using catalog::TableRecord;
using governance::PolicyRule;
using plan::PolicyColumn;

constexpr int64_t kEffectiveColumn = 2, kEffectiveText = 3;

void Add(const PolicyColumn& column, const TableRecord& table, int64_t row, int64_t cell, bool is_text,
         json::array& names) {
  names.push_back(json::array{row, cell, is_text, table.schema_name, table.name, column.table_name(), column.physical});
}

void AddText(const PolicyRule& rule, const TableRecord& table, int64_t row, int64_t cell, json::array& names) {
  std::vector<PolicyColumn> columns = rule.value.columns;
  if (rule.check) columns.insert(columns.end(), rule.check->columns.begin(), rule.check->columns.end());
  std::vector<std::string> told;
  for (const PolicyColumn& column : columns) {
    if (column.physical == plan::kMaskedValuePhysical || std::ranges::find(told, column.physical) != told.end())
      continue;
    told.push_back(column.physical);
    Add(column, table, row, cell, true, names);
  }
}

bool IsOfRows(std::string_view applies) {
  return (applies.starts_with("row filter") || applies.starts_with("write check")) &&
         applies.find("of a tag") == std::string_view::npos;
}

}  // namespace

void AddNames(const PolicyRule& rule, const TableRecord& table, const NamedCells& cells, json::array& names) {
  if (rule.kind == PolicyRule::Kind::kMask && cells.column >= 0) {
    Add(rule.column, table, cells.row, cells.column, false, names);
  }
  if (cells.text >= 0) AddText(rule, table, cells.row, cells.text, names);
}

json::array NamesOfEffective(const json::array& rows, const std::shared_ptr<const plan::TablePolicy>& policy,
                             const std::vector<PolicyRecord>& records, const TableRecord& table) {
  json::array names;
  if (policy == nullptr) return names;
  for (size_t i = 0; i < rows.size(); ++i) {
    const json::array& row = rows[i].get_array();
    const auto index = static_cast<int64_t>(i);
    const bool masks = row[0] == "mask";
    if (!masks && !IsOfRows(row[0].as_string())) continue;
    for (const auto& mask : policy->masks) {
      const bool meant = masks && row[1] == json::value(mask.value.policy) &&
                         row[2] == json::value(plan::ShownPath(mask.column.table_name()));
      if (meant) Add(mask.column, table, index, kEffectiveColumn, false, names);
    }
    const auto record = std::ranges::find_if(records, [&](const PolicyRecord& one) {
      return (one.kind == "mask") == masks && row[1] == json::value(one.name);
    });
    if (record == records.end()) continue;
    if (const auto rule = RuleOfPlan(record->kind, record->plan)) AddText(*rule, table, index, kEffectiveText, names);
  }
  return names;
}

}  // namespace neurolake::query
