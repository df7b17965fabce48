#include <boost/json/value.hpp>
#include <cmath>

#include "ask/intent/intent_json.h"
#include "ask/intent/names.h"
#include "net/strict_json.h"

namespace neurolake::ask {
namespace {

namespace json = boost::json;

constexpr size_t kBytesMax = 64 << 10;
constexpr size_t kItemsMax = 10'000;

/// One object of the JSON, read member by member. The first thing that is wrong is kept in `wrong`, which all share.
class Reader {
 public:
  Reader(const json::value& value, std::string path, std::optional<Error>& wrong)
      : path_(std::move(path)), wrong_(wrong) {
    if (value.is_object()) {
      object_ = &value.get_object();
    } else {
      Refuse("", "an object");
    }
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    if (object_ == nullptr) return;
    for (const auto& member : *object_) {
      if (std::find(asked_.begin(), asked_.end(), std::string_view(member.key())) != asked_.end()) continue;
      Keep(MakeError(ErrorCode::kInvalidArgument, "an intent has an unknown member{}; known are {}", At(),
                     fmt::join(asked_, ", "))
               .error());
    }
  }

  const json::value* Take(std::string_view name) {
    asked_.push_back(name);
    return object_ == nullptr ? nullptr : object_->if_contains(json::string_view(name.data(), name.size()));
  }
  void Text(std::string_view name, std::string& out) {
    const json::value* value = Take(name);
    if (value == nullptr) return;
    if (!value->is_string() || value->get_string().size() > 4096) return Refuse(name, "a text of at most 4096 bytes");
    out.assign(value->get_string().data(), value->get_string().size());
  }
  void Flag(std::string_view name, bool& out) {
    const json::value* value = Take(name);
    if (value == nullptr) return;
    if (!value->is_bool()) return Refuse(name, "true or false");
    out = value->get_bool();
  }
  void Number(std::string_view name, double& out) {
    const json::value* value = Take(name);
    if (value == nullptr) return;
    if (!value->is_number()) return Refuse(name, "a number");
    out = value->to_number<double>();
    if (!std::isfinite(out)) Refuse(name, "a finite number");
  }
  template <typename Whole>
  void Count(std::string_view name, Whole& out, int64_t least, int64_t most) {
    const json::value* value = Take(name);
    if (value == nullptr) return;
    const bool fits = value->is_int64() && value->get_int64() >= least && value->get_int64() <= most;
    if (!fits) return Refuse(name, fmt::format("a whole number from {} to {}", least, most));
    out = Whole(value->get_int64());
  }
  template <size_t kSize, typename Value>
  void Choice(std::string_view name, const std::array<std::string_view, kSize>& names, Value& out) {
    std::string text;
    Text(name, text);
    if (text.empty()) return;
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) return Refuse(name, fmt::format("one of {}", fmt::join(names, ", ")));
    out = Value(found - names.begin());
  }
  void Grain(std::optional<TimeGrain>& out) {
    std::string text;
    Text("grain", text);
    if (text.empty()) return;
    out = semantic::TimeGrainFromName(text);
    if (!out) Refuse("grain", "second, minute, hour, day, week, month, quarter, year, fiscal_quarter or fiscal_year");
  }
  void Part(std::optional<TimePart>& out) {
    std::string text;
    Text("part", text);
    if (text.empty()) return;
    out = semantic::TimePartFromName(text);
    if (!out) Refuse("part", "a part of a time such as day_of_week");
  }
  void Range(TimeRange& out) {
    Time("from", out.from);
    Time("to", out.to);
  }
  template <typename Read>
  void List(std::string_view name, Read read) {
    const json::value* value = Take(name);
    if (value == nullptr) return;
    if (!value->is_array() || value->get_array().size() > kItemsMax) return Refuse(name, "a list");
    size_t index = 0;
    for (const json::value& item : value->get_array()) read(item, fmt::format("{}[{}]", PathOf(name), index++));
  }
  void Texts(std::string_view name, std::vector<std::string>& out) {
    List(name, [&](const json::value& item, const std::string&) {
      if (!item.is_string()) return Refuse(name, "a list of texts");
      out.emplace_back(item.get_string().data(), item.get_string().size());
    });
  }
  void Indices(std::string_view name, std::vector<uint32_t>& out) {
    List(name, [&](const json::value& item, const std::string&) {
      if (!item.is_int64() || item.get_int64() < 0 || item.get_int64() > 1000) {
        return Refuse(name, "a list of positions from 0");
      }
      out.push_back(uint32_t(item.get_int64()));
    });
  }
  void Refuse(std::string_view name, std::string_view wanted) {
    Keep(MakeError(ErrorCode::kInvalidArgument, "an intent has a member of another kind: {} is {}",
                   name.empty() ? (path_.empty() ? "the whole" : path_) : PathOf(name), wanted)
             .error());
  }
  std::string PathOf(std::string_view name) const {
    return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
  }
  std::optional<Error>& wrong() { return wrong_; }

 private:
  void Keep(Error error) {
    if (!wrong_) wrong_ = std::move(error);
  }
  std::string At() const { return path_.empty() ? "" : " in " + path_; }

  void Time(std::string_view name, std::optional<LocalTime>& out) {
    std::string text;
    Text(name, text);
    if (text.empty()) return;
    const auto digits = [&](size_t at, size_t count) {
      int number = 0;
      for (size_t i = at; i < at + count; ++i) {
        if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
        number = number * 10 + (text[i] - '0');
      }
      return number;
    };
    const bool has_clock = text.size() == 19 && text[10] == ' ' && text[13] == ':' && text[16] == ':';
    const bool has_date = (text.size() == 10 || has_clock) && text[4] == '-' && text[7] == '-';
    if (!has_date) return Refuse(name, "a time, yyyy-mm-dd or yyyy-mm-dd hh:mm:ss");
    const int year = digits(0, 4), month = digits(5, 2), day = digits(8, 2);
    const int hour = has_clock ? digits(11, 2) : 0, minute = has_clock ? digits(14, 2) : 0;
    const int second = has_clock ? digits(17, 2) : 0;
    const bool is_clock = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(unsigned(std::max(month, 0))),
                                           std::chrono::day(unsigned(std::max(day, 0)))};
    if (year < 1 || !date.ok() || !is_clock) return Refuse(name, "a time that is in the calendar");
    out = std::chrono::local_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
          std::chrono::seconds(second);
  }

  const json::object* object_ = nullptr;
  std::string path_;
  std::optional<Error>& wrong_;
  std::vector<std::string_view> asked_;
};

FieldRef DecodeField(const json::value& value, const std::string& path, std::optional<Error>& wrong) {
  FieldRef field;
  Reader reader(value, path, wrong);
  reader.Text("entity", field.entity);
  reader.Text("name", field.name);
  reader.Texts("via", field.via);
  return field;
}

void TakeField(Reader& reader, std::string_view name, FieldRef& field) {
  if (const json::value* value = reader.Take(name)) field = DecodeField(*value, reader.PathOf(name), reader.wrong());
}

void TakeGroups(Reader& reader, std::string_view name, std::vector<FilterGroup>& groups) {
  reader.List(name, [&](const json::value& item, const std::string& path) {
    Reader in_group(item, path, reader.wrong());
    FilterGroup group;
    in_group.List("any_of", [&](const json::value& each, const std::string& at) {
      Reader in_filter(each, at, reader.wrong());
      Filter filter;
      TakeField(in_filter, "field", filter.field);
      in_filter.Choice("op", kFilterOperatorNames, filter.op);
      in_filter.List("values", [&](const json::value& literal, const std::string&) {
        if (literal.is_string()) {
          filter.values.emplace_back(std::string(literal.get_string().data(), literal.get_string().size()));
        } else if (literal.is_bool()) {
          filter.values.emplace_back(literal.get_bool());
        } else if (literal.is_int64()) {
          filter.values.emplace_back(literal.get_int64());
        } else if (literal.is_double() && std::isfinite(literal.get_double())) {
          filter.values.emplace_back(literal.get_double());
        } else {
          in_filter.Refuse("values", "a list of texts, numbers, true and false");
        }
      });
      in_filter.Grain(filter.grain);
      in_filter.Part(filter.part);
      in_filter.Flag("or_null", filter.or_null);
      group.any_of.push_back(std::move(filter));
    });
    groups.push_back(std::move(group));
  });
}

MetricUse DecodeMetric(const json::value& value, const std::string& path, std::optional<Error>& wrong) {
  MetricUse use;
  Reader reader(value, path, wrong);
  reader.Text("metric", use.metric);
  std::string aggregation;
  reader.Text("aggregation", aggregation);
  if (!aggregation.empty()) {
    use.aggregation = semantic::AggregationFromName(aggregation);
    if (!use.aggregation) reader.Refuse("aggregation", "an aggregation such as sum, count or average");
  }
  reader.Number("percentile", use.percentile);
  TakeField(reader, "field", use.field);
  reader.Text("entity", use.entity);
  TakeGroups(reader, "filters", use.filters);
  reader.Text("label", use.label);
  reader.Text("unit", use.unit);
  return use;
}

void TakeValue(Reader& reader, std::string_view name, ValueRef& value) {
  const json::value* found = reader.Take(name);
  if (found == nullptr) return;
  Reader inner(*found, reader.PathOf(name), reader.wrong());
  inner.Choice("part", kValuePartNames, value.part);
  inner.Count("index", value.index, 0, 1000);
  inner.Count("comparison", value.comparison, 0, 2);
}

void TakeTime(Reader& outer, TimeScope& time) {
  const json::value* found = outer.Take("time");
  if (found == nullptr) return;
  Reader reader(*found, "time", outer.wrong());
  TakeField(reader, "field", time.field);
  reader.Range(time.range);
  reader.Grain(time.grain);
  reader.Flag("fill_gaps", time.fill_gaps);
  reader.List("comparisons", [&](const json::value& item, const std::string& path) {
    Reader inner(item, path, outer.wrong());
    Comparison comparison;
    inner.Choice("kind", kComparisonNames, comparison.kind);
    inner.Count("count", comparison.count, 1, 1000);
    std::optional<TimeGrain> grain;
    inner.Grain(grain);
    comparison.grain = grain.value_or(TimeGrain::kYear);
    inner.Range(comparison.range);
    inner.Flag("show_value", comparison.show_value);
    inner.Flag("show_difference", comparison.show_difference);
    inner.Flag("show_growth", comparison.show_growth);
    time.comparisons.push_back(std::move(comparison));
  });
}

void TakeSets(Reader& outer, std::vector<SetCondition>& sets) {
  outer.List("sets", [&](const json::value& item, const std::string& path) {
    Reader reader(item, path, outer.wrong());
    SetCondition set;
    reader.Text("subject", set.subject);
    reader.Texts("via", set.via);
    reader.Text("related", set.related);
    reader.Texts("related_via", set.related_via);
    reader.Flag("negated", set.negated);
    TakeGroups(reader, "filters", set.filters);
    TakeField(reader, "time_field", set.time_field);
    reader.Range(set.time);
    if (const json::value* metric = reader.Take("metric")) {
      set.metric = DecodeMetric(*metric, reader.PathOf("metric"), outer.wrong());
    }
    reader.Choice("op", kCompareNames, set.op);
    reader.Number("operand", set.operand);
    reader.Number("upper", set.upper);
    sets.push_back(std::move(set));
  });
}

void TakeShape(Reader& outer, Intent& intent) {
  outer.List("calculations", [&](const json::value& item, const std::string& path) {
    Reader reader(item, path, outer.wrong());
    Calculation calculation;
    reader.Choice("kind", kCalculationNames, calculation.kind);
    reader.Count("metric", calculation.metric, 0, 1000);
    reader.Count("window", calculation.window, 0, 1000);
    reader.Grain(calculation.grain);
    reader.Indices("per", calculation.per);
    reader.Count("of", calculation.of, 0, 1000);
    intent.calculations.push_back(std::move(calculation));
  });
  outer.List("having", [&](const json::value& item, const std::string& path) {
    Reader reader(item, path, outer.wrong());
    Having having;
    TakeValue(reader, "value", having.value);
    reader.Choice("op", kCompareNames, having.op);
    reader.Number("operand", having.operand);
    reader.Number("upper", having.upper);
    intent.having.push_back(having);
  });
  if (const json::value* found = outer.Take("rank")) {
    Reader reader(*found, "rank", outer.wrong());
    Rank rank;
    TakeValue(reader, "by", rank.by);
    reader.Count("n", rank.n, 1, 100'000);
    reader.Flag("descending", rank.descending);
    reader.Flag("nth_only", rank.nth_only);
    reader.Indices("per", rank.per);
    reader.Flag("per_period", rank.per_period);
    reader.Choice("ties", kTiesNames, rank.ties);
    intent.rank = std::move(rank);
  }
  outer.List("order", [&](const json::value& item, const std::string& path) {
    Reader reader(item, path, outer.wrong());
    SortKey key;
    if (reader.Take("value") != nullptr) TakeValue(reader, "value", key.value.emplace());
    if (reader.Take("dimension") != nullptr) reader.Count("dimension", key.dimension.emplace(), 0, 1000);
    bool is_axis = false;
    reader.Flag("time_axis", is_axis);
    if (is_axis) key.dimension = SortKey::kTimeAxis;
    reader.Flag("descending", key.descending);
    intent.order.push_back(std::move(key));
  });
}

}  // namespace

Result<Intent> DecodeIntent(std::string_view text) {
  if (text.size() > kBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "an intent has at most {} bytes, this one: {}", kBytesMax,
                     text.size());
  }
  NL_ASSIGN_OR_RETURN(const json::object object, net::ParseStrictObject(text, "an intent", 16));
  const json::value value(object);
  Intent intent;
  std::optional<Error> wrong;
  {
    Reader reader(value, "", wrong);
    reader.Choice("output", kOutputNames, intent.output);
    reader.Text("entity", intent.entity);
    reader.Text("subject", intent.subject);
    reader.List("metrics", [&](const json::value& item, const std::string& path) {
      intent.metrics.push_back(DecodeMetric(item, path, wrong));
    });
    reader.List("dimensions", [&](const json::value& item, const std::string& path) {
      Reader inner(item, path, wrong);
      DimensionUse use;
      TakeField(inner, "field", use.field);
      inner.Grain(use.grain);
      inner.Part(use.part);
      intent.dimensions.push_back(std::move(use));
    });
    TakeGroups(reader, "filters", intent.filters);
    TakeSets(reader, intent.sets);
    TakeTime(reader, intent.time);
    TakeShape(reader, intent);
    if (const json::value* found = reader.Take("privacy")) {
      Reader inner(*found, "privacy", wrong);
      inner.Flag("remove_personal", intent.privacy.remove_personal);
      inner.List("masked", [&](const json::value& item, const std::string& path) {
        intent.privacy.masked.push_back(DecodeField(item, path, wrong));
      });
    }
    reader.Flag("keep_empty", intent.keep_empty);
    reader.Text("zone", intent.zone);
    reader.Count("row_limit", intent.row_limit, 1, 1'000'000);
  }
  if (wrong) return std::unexpected(std::move(*wrong));
  return intent;
}

}  // namespace neurolake::ask
