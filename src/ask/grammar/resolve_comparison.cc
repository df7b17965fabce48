#include "ask/grammar/internal/assembler.h"

namespace neurolake::ask {
namespace {

/// Whether `target` is the period right before `main`.
bool IsPrevious(const TimePhrase& main, const TimePhrase& target) {
  if (!main.unit || !main.range.from || !target.range.from || !target.range.to) return false;
  return *target.range.to == *main.range.from &&
         *target.range.from == AddPeriods(*main.range.from, *main.unit, -main.count);
}

/// One of two periods says its year: so does the other ("the first half of 2024 versus the second half").
void ShareYear(const TimePhrase& said, TimePhrase& other) {
  if (!said.named || other.named || !other.unit || other.unit != said.unit || other.count != said.count ||
      *other.unit >= TimeGrain::kYear || !said.range.from || !other.range.from || !other.range.to)
    return;
  const int64_t years = YearOf(*said.range.from) - YearOf(*other.range.from);
  other.range = {AddPeriods(*other.range.from, TimeGrain::kYear, years),
                 AddPeriods(*other.range.to, TimeGrain::kYear, years)};
  other.text = TimeName(*other.range.from);
  other.future = other.partial = false;
}

/// A comparison with a named period.
bool CompareWithRange(const TimePhrase& other_time, const TimePhrase* main, Comparison& made, Draft& draft,
                      std::string& reason) {
  const bool closed = main != nullptr && main->range.from && main->range.to;
  const TimePhrase& other = other_time;
  if (!other.range.from || !other.range.to) {
    reason = "a comparison needs a period with both ends";
    return false;
  }
  if (!closed) {
    reason = fmt::format("it is open what is to be compared with {}", other.text);
    return false;
  }
  const bool last_year = other.unit == TimeGrain::kYear && main->unit && *main->unit < TimeGrain::kYear &&
                         !main->to_date && YearOf(*other.range.from) == YearOf(*main->range.from) - 1 &&
                         main->count == 1;
  if (IsPrevious(*main, other) && !main->to_date) {
    made.kind = ComparisonKind::kPreviousPeriod;
  } else if (last_year) {  // "in May compared with last year": May of it.
    made.kind = ComparisonKind::kOffset;
    made.grain = TimeGrain::kYear;
    draft.notes.push_back("compared with the same period of the year before");
    draft.cost += 0.08;
  } else if (main->to_date && other.unit == main->unit) {
    made.kind = ComparisonKind::kOffset;
    made.grain = *main->unit;
    draft.notes.push_back("compared with the same part of the period before, up to the same day");
    draft.cost += 0.05;
  } else {
    if (other.unit != main->unit || other.count != main->count) {
      draft.notes.push_back(fmt::format("{} and {} are not equally long", main->text, other.text));
      draft.cost += 0.2;
    }
    made.kind = ComparisonKind::kRange;
    made.range = other.range;
  }
  if (main->partial && !main->to_date && !other.partial) {
    draft.notes.push_back(fmt::format("{} is not over yet, {} is whole", main->text, other.text));
    draft.cost += 0.05;
  }
  return true;
}

/// Whether the first or last period of the grain is only partly in the time.
bool IsCut(const TimePhrase& main, TimeGrain grain) {
  return FloorTo(*main.range.from, grain, {}) != *main.range.from ||
         FloorTo(*main.range.to, grain, {}) != *main.range.to;
}

/// Weeks cut at the ends of a month: against the row before, and not against a stretch of the same days.
void AgainstRowBefore(const TimePhrase& main, Draft& draft) {
  for (uint32_t i = 0; i < draft.intent.metrics.size(); ++i)
    draft.intent.calculations.push_back({.kind = CalculationKind::kGrowth, .metric = i});
  draft.notes.push_back(fmt::format("each {} is compared with the one before; the first and last are cut at {}",
                                    semantic::TimeGrainName(*draft.intent.time.grain), main.text));
}

}  // namespace

bool ResolveComparison(const ComparisonTarget& target, const TimePhrase* main, bool difference, Draft& draft,
                       std::string& reason) {
  using Kind = ComparisonTarget::Kind;
  TimeScope& time = draft.intent.time;
  Comparison made;
  made.show_difference = difference;
  const bool closed = main != nullptr && main->range.from && main->range.to;
  switch (target.kind) {
    case Kind::kOffset:
      if (target.growth && !closed && !time.grain) time.grain = *target.grain;  // "year over year": by year.
      if (target.growth && closed && !time.grain && main->unit &&
          (*main->unit > *target.grain || (main->unit == target.grain && main->count > 1)))
        time.grain = *target.grain;
      if (target.growth && closed && time.grain == target.grain && IsCut(*main, *time.grain)) {
        AgainstRowBefore(*main, draft);
        return true;
      }
      made.kind = ComparisonKind::kOffset;
      made.grain = *target.grain;
      break;
    case Kind::kSameLastYear:
      made.kind = ComparisonKind::kOffset;
      made.grain = TimeGrain::kYear;
      break;
    case Kind::kSameWeekday: made.kind = ComparisonKind::kSameWeekday; break;
    case Kind::kPrevious:
      if (target.count > 0 && (main == nullptr || main->unit != target.grain || main->count != target.count)) {
        reason = "the time compared with is not as long as the question's own";
        return false;
      }
      if (target.grain && time.grain == target.grain && closed && main->unit && *target.grain < *main->unit) {
        made.kind = ComparisonKind::kOffset;  // Each quarter of a year against the one before it.
        made.grain = *target.grain;
        break;
      }
      if (target.grain && closed && main->unit && main->unit != target.grain) {
        // "in May compared with the previous year": May of it.
        if (*target.grain < *main->unit) {
          reason = "the comparison is with a shorter period than the question's own";
          return false;
        }
        made.kind = ComparisonKind::kOffset;
        made.grain = *target.grain;
        draft.notes.push_back(
            fmt::format("compared with the same period one {} before", semantic::TimeGrainName(*target.grain)));
        draft.cost += 0.05;
      } else if (!closed && target.grain) {
        if (time.grain) {
          made.kind = ComparisonKind::kOffset;
          made.grain = *target.grain;
        } else {
          reason = fmt::format("it is open which {} is to be compared", semantic::TimeGrainName(*target.grain));
          return false;
        }
      } else if (main != nullptr && (main->to_date || !main->unit)) {
        if (!main->unit) {
          reason = "a period without an end has no period before it";
          return false;
        }
        made.kind = ComparisonKind::kOffset;  // To date: the same stretch of the period before.
        made.grain = *main->unit;
      }
      break;
    case Kind::kRange: {
      TimePhrase other = *target.time;
      if (closed) ShareYear(*main, other);
      if (other.future) {
        reason = fmt::format("{} has not come yet, and nothing is known of it", other.text);
        return false;
      }
      if (main != nullptr && main->range == other.range) {
        reason = "a time is compared with itself";
        return false;
      }
      if (!CompareWithRange(other, main, made, draft, reason)) return false;
      break;
    }
  }
  if (made.kind == ComparisonKind::kOffset && made.grain == TimeGrain::kYear && closed && !time.grain &&
      main->unit == TimeGrain::kWeek && !main->to_date) {  // Week 6 meets week 6, and not the same dates.
    const auto [year, week] = IsoWeekOf(*main->range.from);
    if (week > IsoWeeksIn(year - 1)) {
      reason = fmt::format("{} has no week {} to compare with", year - 1, week);
      return false;
    }
    const LocalTime from = IsoWeekStart(year - 1, week);
    made.kind = ComparisonKind::kRange;
    made.range = {from, AddPeriods(from, TimeGrain::kWeek, main->count)};
    draft.notes.push_back(fmt::format("compared with the same ISO week of {}", year - 1));
  }
  if (!closed && !time.grain) {
    reason = "a comparison needs a period to compare, such as “last month”, or a time axis, such as “by month”";
    return false;
  }
  if (std::find(time.comparisons.begin(), time.comparisons.end(), made) == time.comparisons.end())
    time.comparisons.push_back(made);
  if (time.comparisons.size() > 3) {
    reason = "at most three comparisons fit one answer";
    return false;
  }
  return true;
}

}  // namespace neurolake::ask
