#include "semantic/time_grain.h"

#include <array>
#include <utility>

namespace neurolake::semantic {
namespace {

constexpr std::array<std::pair<std::string_view, TimeGrain>, 10> kGrains{{
    {"second", TimeGrain::kSecond},
    {"minute", TimeGrain::kMinute},
    {"hour", TimeGrain::kHour},
    {"day", TimeGrain::kDay},
    {"week", TimeGrain::kWeek},
    {"month", TimeGrain::kMonth},
    {"quarter", TimeGrain::kQuarter},
    {"year", TimeGrain::kYear},
    {"fiscal_quarter", TimeGrain::kFiscalQuarter},
    {"fiscal_year", TimeGrain::kFiscalYear},
}};

constexpr std::array<std::pair<std::string_view, TimePart>, 7> kParts{{
    {"hour_of_day", TimePart::kHourOfDay},
    {"day_of_week", TimePart::kDayOfWeek},
    {"day_of_month", TimePart::kDayOfMonth},
    {"day_of_year", TimePart::kDayOfYear},
    {"week_of_year", TimePart::kWeekOfYear},
    {"month_of_year", TimePart::kMonthOfYear},
    {"quarter_of_year", TimePart::kQuarterOfYear},
}};

template <typename Value, size_t kSize>
std::optional<Value> FromName(const std::array<std::pair<std::string_view, Value>, kSize>& table,
                              std::string_view name) {
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  return std::nullopt;
}

template <typename Value, size_t kSize>
std::string_view NameOf(const std::array<std::pair<std::string_view, Value>, kSize>& table, Value wanted) {
  for (const auto& [known, value] : table) {
    if (value == wanted) return known;
  }
  return {};
}

}  // namespace

std::string_view TimeGrainName(TimeGrain grain) { return NameOf(kGrains, grain); }
std::optional<TimeGrain> TimeGrainFromName(std::string_view name) { return FromName(kGrains, name); }
std::string_view TimePartName(TimePart part) { return NameOf(kParts, part); }
std::optional<TimePart> TimePartFromName(std::string_view name) { return FromName(kParts, name); }

bool Divides(TimeGrain fine, TimeGrain coarse) {
  if (fine == coarse) return true;
  const bool is_fiscal = fine == TimeGrain::kFiscalQuarter || fine == TimeGrain::kFiscalYear;
  if (is_fiscal) return fine == TimeGrain::kFiscalQuarter && coarse == TimeGrain::kFiscalYear;
  const bool coarse_is_fiscal = coarse == TimeGrain::kFiscalQuarter || coarse == TimeGrain::kFiscalYear;
  if (coarse_is_fiscal) return fine == TimeGrain::kMonth || fine <= TimeGrain::kDay;
  if (fine == TimeGrain::kWeek) return false;
  return fine < coarse;
}

}  // namespace neurolake::semantic
