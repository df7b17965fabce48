#include <algorithm>

#include "semantic/internal/infer_members.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

const ReadColumn* ColumnCalled(const ReadTable& table, const Words& words) {
  for (const ReadColumn& column : table.columns) {
    if (column.role == ColumnRole::kCategory && column.words == words) return &column;
  }
  return nullptr;
}

/// Whether most values stand for one row alone, as far as that was counted.
bool TellsApart(const ReadTable& table, const ReadColumn& column) {
  if (!table.known->rows || !column.known->distinct) return true;
  return 2 * *column.known->distinct >= *table.known->rows;
}

/// Whether several rows have one name, as counted: a number that is told apart by it would be of all of them.
bool HasNamesakes(const ReadTable& table, const ReadColumn& name) {
  if (!table.known->rows || !name.known->distinct || !name.known->distinct_is_exact) return false;
  return *name.known->distinct < *table.known->rows - name.known->nulls.value_or(0);
}

/// People and companies: two of one name are two. Products of one name are mostly asked for as one.
bool ArePersons(const ReadTable& table) {
  static const WordSet kParties{"account",  "tenant",  "policyholder", "company",   "supplier", "vendor", "merchant",
                                "partner",  "patron",  "donor",        "buyer",     "seller",   "agent",  "courier",
                                "traveler", "visitor", "participant",  "applicant", "lessee",   "owner",  "voter"};
  return IsStaff(table) || kParties.contains(table.words.back()) || !PersonalByName({"name"}, table.words).empty();
}

/// A number or code that people have for a row, rather than the key that a warehouse gave it.
const ReadColumn* NumberOfRow(const ReadTable& table) {
  static const WordSet kTexts{"description", "note", "notes", "comment", "url", "title", "name", "address", "email"};
  const ReadColumn* found = nullptr;
  int best = 0;
  for (const ReadColumn& column : table.columns) {
    const std::string& last = column.words.back();
    const bool is_personal = !column.known->personal.empty() || !PersonalByName(column.words, table.words).empty();
    if (is_personal || !IsUnique(*table.known, *column.known)) continue;
    const bool is_surrogate = last == "key" || last == "sk";
    const bool is_text =
        column.role == ColumnRole::kCategory && column.type == ValueType::kText && !kTexts.contains(last);
    const bool is_key = EndsAsKey(column.words) || is_text;
    const int score = !is_key ? 0 : is_surrogate ? 1 : is_text ? 3 : 2;
    if (score > best) best = score, found = &column;
  }
  return found;
}

}  // namespace

Label LabelByWords(const ReadTable& table) {
  const auto with_noun = [&](const char* word) {
    Words words = table.words;
    words.emplace_back(word);
    return words;
  };
  for (const Words& words : {Words{"name"}, with_noun("name"), Words{"full", "name"}, Words{"title"},
                             with_noun("title"), table.words, with_noun("label"), Words{"label"}}) {
    const ReadColumn* column = ColumnCalled(table, words);
    // Many have one title ("Sales Representative"), and many flights one number: that names none of them.
    const bool is_name = words.back() == "name";
    const bool names_one =
        column != nullptr && TellsApart(table, *column) && !(ArePersons(table) && HasNamesakes(table, *column));
    if (column != nullptr && (is_name || names_one)) return {column, nullptr};
  }
  const ReadColumn* first = nullptr;
  const ReadColumn* last = nullptr;
  for (const ReadColumn& column : table.columns) {
    if (column.role != ColumnRole::kCategory) continue;
    if (EndsWithWords(column.words, {"first", "name"}) || EndsWithWords(column.words, {"given", "name"}))
      first = &column;
    if (EndsWithWords(column.words, {"last", "name"}) || EndsWithWords(column.words, {"family", "name"}))
      last = &column;
  }
  if (first != nullptr && last != nullptr) return {first, last};
  if (last != nullptr) return {last, nullptr};
  const ReadColumn* best = nullptr;
  for (const ReadColumn& column : table.columns) {
    if (column.role != ColumnRole::kCategory || column.words.back() != "name") continue;
    const bool is_other = column.words.front() == "contact" || column.words.front() == "brand";
    const bool is_better = best == nullptr || column.known->distinct.value_or(0) > best->known->distinct.value_or(0);
    if (!is_other && is_better && TellsApart(table, column)) best = &column;  // "product name" of a wide table is none
  }
  return {best, nullptr};
}

Label LabelOfTable(const Drafting& drafting, const ReadTable& table) {
  Label label = LabelByWords(table);
  const bool is_shared =
      label.column != nullptr && label.second == nullptr && ArePersons(table) && HasNamesakes(table, *label.column);
  if (const ReadColumn* number = is_shared ? NumberOfRow(table) : nullptr; number != nullptr) return {number, nullptr};
  if (label.column != nullptr || !drafting.IsReferredTo(table)) return label;
  for (const ReadColumn& column : table.columns) {
    if (column.role == ColumnRole::kCategory && column.words.back() == "description" &&
        IsUnique(*table.known, *column.known))
      return {&column, nullptr};
  }
  // A serial number beside a key that is counted up.
  for (const ReadColumn& column : table.columns) {
    if (column.role == ColumnRole::kCategory && EndsAsKey(column.words) && IsUnique(*table.known, *column.known))
      return {&column, nullptr};
  }
  return {};
}

}  // namespace neurolake::semantic
