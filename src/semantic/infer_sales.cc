#include <algorithm>
#include <unordered_set>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

using Words = std::vector<std::string>;
using WordSet = std::unordered_set<std::string_view>;

bool Has(const Words& words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

bool HasAny(const Words& words, const WordSet& set) {
  return std::ranges::any_of(words, [&](const std::string& word) { return set.contains(word); });
}

}  // namespace

std::optional<LineOfSale> LineOfSaleIn(const ReadTable& table) {
  LineOfSale line;
  const ReadColumn* of_line = nullptr;
  int prices = 0;
  for (const ReadColumn& column : table.columns) {
    const Words& words = column.words;
    if (words.back() == "quantity" || (words.size() == 1 && words[0] == "units")) {
      if (column.role == ColumnRole::kFlow) line.quantity = &column;
    } else if (Has(words, "extended") && words.back() == "price") {
      of_line = &column;
    } else if (words.back() == "price" && column.role == ColumnRole::kRate) {
      line.price = &column;
      ++prices;
    } else if (words.back() == "discount" && column.is_percent) {
      line.discount = &column;
    } else if (column.role == ColumnRole::kFlow && HasAny(words, {"amount", "total", "revenue", "sales", "subtotal"})) {
      return std::nullopt;  // It says what was sold itself.
    }
  }
  if (of_line != nullptr && line.discount != nullptr) return LineOfSale{.price = of_line, .discount = line.discount};
  if (prices != 1 || line.quantity == nullptr) return std::nullopt;
  return line;
}

bool IsSold(const ReadTable& table) {
  static const WordSet kSold{"order", "sale", "invoice", "purchase", "booking", "rental", "reservation"};
  return kSold.contains(table.words.back());
}

bool SaysWholeOfSale(const ReadTable& table, const ReadColumn& column) {
  static const WordSet kWholes{"total",        "total amount", "total price", "grand total",    "order total", "amount",
                               "order amount", "total value",  "order value", "invoice amount", "net amount"};
  const bool is_sum = column.role == ColumnRole::kFlow || column.role == ColumnRole::kRate;
  if (!is_sum || !IsSold(table)) return false;
  if (kWholes.contains(JoinedWords(column.words))) return true;
  // "items amount" beside fees and tips: the only amount there is.
  static const WordSet kParts{"tax", "discount", "refund", "paid", "deposit", "shipping", "freight", "tip", "fee"};
  const auto is_amount = [&](const ReadColumn& other) {
    return other.role == ColumnRole::kFlow && other.words.back() == "amount" && !HasAny(other.words, kParts);
  };
  const auto is_whole = [&](const ReadColumn& other) { return kWholes.contains(JoinedWords(other.words)); };
  return is_amount(column) && std::ranges::count_if(table.columns, is_amount) == 1 &&
         std::ranges::none_of(table.columns, is_whole);
}

bool SaysRevenueByLine(const ReadTable& table) { return LineOfSaleIn(table).has_value(); }

SqlExpression OnlyWhatCounts(const ReadTable& table) {
  static const WordSet kOff{"void",     "voided",   "cancelled", "canceled", "failed",   "failure",
                            "declined", "rejected", "storniert", "annulled", "refunded", "denied"};
  for (const ReadColumn& column : table.columns) {
    if (column.role == ColumnRole::kFlag && kOff.contains(column.words.back()))
      return fmt::format("NOT coalesce({}, false)", ExpressionOf(column));
    if (!IsStatus(column)) continue;
    std::vector<std::string> off;
    for (const std::string& value : column.known->values) {
      if (kOff.contains(WordsOfValue(table, column, value))) off.push_back(QuoteLiteral(value));
    }
    if (off.empty()) continue;
    return fmt::format("coalesce({}, '') NOT IN ({})", ColumnExpression(column.known->name), fmt::join(off, ", "));
  }
  return {};
}

const ReadTable* ParentOfSale(const Drafting& drafting, const ReadTable& table) {
  for (const ReadColumn& column : table.columns) {
    const KnownReference* reference = drafting.ReferenceFrom(table, column);
    const ReadTable* to = reference == nullptr ? nullptr : drafting.Find(reference->to_table);
    if (to == nullptr || !IsSold(*to) || OnlyWhatCounts(*to).empty()) continue;
    const bool says =
        std::ranges::any_of(to->columns, [&](const ReadColumn& other) { return SaysWholeOfSale(*to, other); });
    if (says) return to;
  }
  return nullptr;
}

}  // namespace neurolake::semantic
