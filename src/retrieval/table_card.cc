#include "retrieval/table_card.h"

#include <algorithm>
#include <mutex>

#include "common/text.h"

namespace neurolake::retrieval {
namespace {

bool HasColumn(const TableCard& card, const std::string& name) {
  return std::ranges::any_of(card.columns, [&](const ColumnCard& c) { return EqualsIgnoringCase(c.name, name); });
}

/// "DECIMAL(12,2)" is a DECIMAL; a date answers questions for a time.
bool IsOfType(const std::string& type, const std::string& wanted) {
  const std::string_view plain = std::string_view(type).substr(0, type.find('('));
  if (EqualsIgnoringCase(type, wanted) || EqualsIgnoringCase(Trim(plain), wanted)) return true;
  const bool time = EqualsIgnoringCase(plain, "DATE") || LowerAscii(plain).starts_with("timestamp");
  return EqualsIgnoringCase(wanted, "TIMESTAMP") && time;
}

bool HasTag(const TableCard& card, const std::string& tag) {
  const auto has = [&](const std::vector<std::string>& tags) { return std::ranges::find(tags, tag) != tags.end(); };
  return has(card.tags) || std::ranges::any_of(card.columns, [&](const ColumnCard& c) { return has(c.tags); });
}

bool MayHaveRowsIn(const TableCard& card, const TimeSpan& span) {
  for (const ColumnCard& column : card.columns) {
    if (!IsOfType(column.type, "TIMESTAMP")) continue;
    if (!column.time_range) return true;
    if (column.time_range->first < span.until && column.time_range->second >= span.from) return true;
  }
  // A table without any time has no rows of some time.
  return false;
}

bool IsInSchema(const TableCard& card, const std::string& schema) {
  const size_t dot = card.name.rfind('.');
  return dot != std::string::npos && EqualsIgnoringCase(std::string_view(card.name).substr(0, dot), schema);
}

bool Meets(const TableCard& card, const TableConstraint& wanted) {
  if (wanted.schema && !IsInSchema(card, *wanted.schema)) return false;
  if (wanted.rows_min && card.row_count && *card.row_count < *wanted.rows_min) return false;
  if (wanted.time && !MayHaveRowsIn(card, *wanted.time)) return false;
  const auto has_type = [&](const std::string& type) {
    return std::ranges::any_of(card.columns, [&](const ColumnCard& c) { return IsOfType(c.type, type); });
  };
  const auto has_partition = [&](const std::string& name) {
    return std::ranges::any_of(card.partitions, [&](const std::string& p) { return EqualsIgnoringCase(p, name); });
  };
  return std::ranges::all_of(wanted.columns, [&](const std::string& name) { return HasColumn(card, name); }) &&
         std::ranges::all_of(wanted.types, has_type) &&
         std::ranges::all_of(wanted.tags, [&](const std::string& tag) { return HasTag(card, tag); }) &&
         std::ranges::all_of(wanted.partitioned_by, has_partition);
}

}  // namespace

Result<void> TableIndex::Put(TableCard card) {
  if (card.id.empty() || card.name.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "card of a table needs the table's id and name");
  }
  if (card.labels.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "card of a table has no label: nobody could be allowed to see it");
  }
  std::unique_lock lock(mutex_);
  const TableId id = card.id;
  cards_[id] = std::move(card);
  return {};
}

void TableIndex::Remove(const TableId& id) {
  std::unique_lock lock(mutex_);
  cards_.erase(id);
}

std::vector<TableCard> TableIndex::Select(const Viewer& viewer, const TableConstraint& constraint) const {
  std::vector<TableCard> found;
  {
    std::shared_lock lock(mutex_);
    for (const auto& [id, card] : cards_) {
      if (viewer.Sees(card.labels) && Meets(card, constraint)) found.push_back(card);
    }
  }
  std::ranges::sort(
      found, [](const TableCard& a, const TableCard& b) { return a.name != b.name ? a.name < b.name : a.id < b.id; });
  return found;
}

std::vector<Passage> PassagesOf(const TableCard& card) {
  std::vector<Passage> passages;
  std::string columns;
  for (const ColumnCard& column : card.columns) columns += (columns.empty() ? "" : ", ") + column.name;
  const auto passage = [&](std::string id, std::vector<std::string> headings, std::string text) {
    passages.push_back({.id = std::move(id),
                        .kind = PassageKind::kDescription,
                        .subject = card.id.value(),
                        .title = card.name,
                        .headings = std::move(headings),
                        .text = UntrustedText(std::move(text)),
                        .labels = card.labels});
  };
  passage("table:" + card.id.value(), {}, card.description + (card.description.empty() ? "" : "\n") + columns);
  for (const ColumnCard& column : card.columns) {
    if (column.description.empty()) continue;
    passage(fmt::format("table:{}#{}", card.id.value(), column.name), {column.name}, column.description);
  }
  return passages;
}

}  // namespace neurolake::retrieval
