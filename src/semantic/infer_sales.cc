#include <algorithm>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {

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
  static const WordSet kParts{"tax",     "vat",      "gst",     "discount", "refund", "paid",
                              "deposit", "shipping", "freight", "tip",      "fee"};
  const auto is_amount = [&](const ReadColumn& other) {
    return other.role == ColumnRole::kFlow && other.words.back() == "amount" && !HasAny(other.words, kParts);
  };
  const auto is_whole = [&](const ReadColumn& other) { return kWholes.contains(JoinedWords(other.words)); };
  return is_amount(column) && std::ranges::count_if(table.columns, is_amount) == 1 &&
         std::ranges::none_of(table.columns, is_whole);
}

bool SaysRevenueByLine(const ReadTable& table) { return LineOfSaleIn(table).has_value(); }

bool KeepsAccounts(const ReadTable& table) {
  static const WordSet kBills{"invoice", "bill", "instalment", "installment"};
  return kBills.contains(table.words.back());
}

bool TellsWhatCounts(const ReadTable& table) {
  return std::ranges::none_of(table.columns,
                              [&](const ReadColumn& column) { return IsStatus(column) && IsOpaque(table, column); });
}

namespace {

bool IsOff(const std::string& word) {
  static const WordSet kOff{"void",       "voided",       "cancelled",   "canceled",  "failed",
                            "failure",    "declined",     "rejected",    "storniert", "annulled",
                            "refunded",   "denied",       "bounced",     "reversed",  "returned unpaid",
                            "chargeback", "charged back", "dishonoured", "no show"};
  return kOff.contains(word);
}

}  // namespace

SqlExpression OnlyWhatCounts(const ReadTable& table) {
  for (const ReadColumn& column : table.columns) {
    if (column.role == ColumnRole::kFlag && IsOff(column.words.back()))
      return fmt::format("NOT coalesce({}, false)", ExpressionOf(column));
    if (!IsStatus(column)) continue;
    std::vector<std::string> off;
    for (const std::string& value : column.known->values) {
      if (IsOff(WordsOfValue(table, column, value))) off.push_back(QuoteLiteral(value));
    }
    if (off.empty()) continue;
    return fmt::format("coalesce({}, '') NOT IN ({})", ColumnExpression(column.known->name), fmt::join(off, ", "));
  }
  return {};
}

SqlExpression OnlyWhatIsOpen(const ReadTable& table, const ReadColumn& amount) {
  static const WordSet kOpen{"open", "unpaid", "outstanding", "overdue", "past due", "due", "sent", "issued"};
  static const WordSet kOnTop{"tax", "vat", "gst", "gross", "fee", "surcharge"};
  const bool has_more = std::ranges::any_of(table.columns, [&](const ReadColumn& other) {
    return other.known != amount.known && other.role == ColumnRole::kFlow && HasAny(other.words, kOnTop);
  });
  for (const ReadColumn& status : table.columns) {
    if (has_more || !IsStatus(status)) continue;
    std::vector<std::string> open;
    bool is_paid = false;
    for (const std::string& value : status.known->values) {
      const std::string said = WordsOfValue(table, status, value);
      is_paid = is_paid || said == "paid";
      if (kOpen.contains(said)) open.push_back(QuoteLiteral(value));
      else if (said != "paid" && said != "draft" && !IsOff(said)) return {};  // Paid in part, or who knows.
    }
    if (open.empty() || !is_paid) continue;
    return fmt::format("{} IN ({})", ColumnExpression(status.known->name), fmt::join(open, ", "));
  }
  return {};
}

bool ArePaymentsToUs(const Drafting& drafting, const ReadTable& table) {
  static const WordSet kWePay{"supplier", "vendor", "employee", "staff", "worker", "contractor", "courier", "driver"};
  static const WordSet kPayUs{"customer", "client", "account", "member",  "patient",      "student", "tenant",  "guest",
                              "invoice",  "bill",   "order",   "booking", "subscription", "policy",  "contract"};
  if (table.words.back() != "payment" && table.words.back() != "receipt") return false;
  bool is_to_us = false;
  for (const ReadColumn& column : table.columns) {
    const KnownReference* reference = drafting.ReferenceFrom(table, column);
    const ReadTable* to = reference == nullptr ? nullptr : drafting.Find(reference->to_table);
    if (to != nullptr && kWePay.contains(to->words.back())) return false;
    is_to_us = is_to_us || (to != nullptr && kPayUs.contains(to->words.back()));
  }
  return is_to_us;
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
