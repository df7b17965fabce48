#include "ask/language/words.h"
#include "ask/time/internal/periods.h"

namespace neurolake::ask {
namespace {

/// A whole hour of the clock.
struct Hour {
  size_t end = 0;     ///< Behind its last token.
  int value = 0;      ///< 0 to 24.
  bool said = false;  ///< By more than a bare number.
  bool half = false;  ///< Which half of the day is open: "8".
};

class HourParser {
 public:
  explicit HourParser(std::span<const Token> tokens) : tokens_(tokens) {}

  std::optional<TimePartPhrase> Run() const {
    const std::string_view first = Word(0);
    if (first == "between") return Range(1, "and");
    if (first == "from") {
      if (auto range = Range(1, "to")) return range;
      const auto hour = At(1);
      const bool open = hour && (Word(hour->end) == "on" || Word(hour->end) == "onwards");
      return open ? Open(*hour, hour->end + 1, true) : std::nullopt;
    }
    if (first == "after" || first == "since" || first == "before" || first == "until" || first == "till") {
      const auto hour = At(1);
      return hour ? Open(*hour, hour->end, first == "after" || first == "since") : std::nullopt;
    }
    if (first == "at") {
      const auto hour = At(1);
      if (!hour || !hour->said || hour->value > 23) return std::nullopt;
      return Make(hour->end, hour->value, hour->value + 1);
    }
    return Range(0, "to");
  }

 private:
  std::string_view Word(size_t at) const { return at < tokens_.size() ? std::string_view(tokens_[at].word) : ""; }

  static std::optional<int> Digits(std::string_view text) {
    if (text.empty() || text.size() > 2 || text.find_first_not_of("0123456789") != std::string_view::npos)
      return std::nullopt;
    return std::stoi(std::string(text));
  }

  std::optional<Hour> At(size_t at, bool in_range = false) const {
    if (Word(at) == "noon" || Word(at) == "midday") return Hour{at + 1, 12, true, false};
    if (Word(at) == "midnight") return Hour{at + 1, 0, true, false};
    std::string_view number = Word(at);
    std::string_view half;
    for (const std::string_view suffix : {"am", "pm", "h"}) {  // "8am"; "2h" may be as long as that
      if (number.size() > suffix.size() && number.ends_with(suffix)) half = suffix;
    }
    number.remove_suffix(half.size());
    const auto value = Digits(number);
    if (!value || *value > 24) return std::nullopt;
    Hour hour{at + 1, *value, half == "am" || half == "pm", true};
    if (half.empty() && Word(hour.end) == ":") {
      if (Word(hour.end + 1) != "00") return std::nullopt;
      hour = {hour.end + 2, *value, true, false};
    }
    if (half.empty() && (Word(hour.end) == "am" || Word(hour.end) == "pm")) half = Word(hour.end++);
    if (half.empty() && (Word(hour.end) == "oclock" || Word(hour.end) == "uhr"))
      hour = {hour.end + 1, *value, true, false};
    if (half == "h" || (half.empty() && Word(hour.end) == "h")) {  // "8-10 h", where the other end says so.
      if (half.empty()) ++hour.end;
      return in_range ? std::optional(Hour{hour.end, *value, true, false}) : std::nullopt;
    }
    if (half != "am" && half != "pm") return hour;
    if (*value < 1 || *value > 12) return std::nullopt;
    return Hour{hour.end, *value % 12 + (half == "pm" ? 12 : 0), true, false};
  }

  std::optional<TimePartPhrase> Range(size_t at, std::string_view link) const {
    auto from = At(at, true);
    if (!from) return std::nullopt;
    const std::string_view joins = Word(from->end);
    if (joins != link && !(link == "to" && (joins == "-" || joins == "–" || joins == "until" || joins == "till")))
      return std::nullopt;
    auto to = At(from->end + 1, true);
    if (!to || (!from->said && !to->said)) return std::nullopt;
    if (!to->said) return std::nullopt;                                                   // "from 8 am to 10" of what?
    if (from->half && !to->half && from->value == 12 && to->value < 12) from->value = 0;  // "between 12 and 6 am"
    if (from->half && !to->half && from->value < 12) {  // "8 and 10 am", "2 and 4 pm", "10 and 2 pm"
      const bool evening = to->value > 12 && from->value + 12 < to->value;
      if (evening) from->value += 12;
    }
    if (to->value == 0) to->value = 24;
    return Make(to->end, from->value, to->value);
  }

  std::optional<TimePartPhrase> Open(const Hour& hour, size_t end, bool after) const {
    if (!hour.said) return std::nullopt;
    return after ? Make(end, hour.value, 24) : Make(end, 0, hour.value == 0 ? 24 : hour.value);
  }

  static std::optional<TimePartPhrase> Make(size_t used, int from, int to) {
    if (from == to || from > 23 || to - from >= 24) return std::nullopt;  // A whole day limits nothing.
    TimePartPhrase phrase{used, TimePart::kHourOfDay, {}, fmt::format("from {}:00 to before {}:00", from, to)};
    for (int hour = from; hour != to % 24 || phrase.values.empty(); hour = (hour + 1) % 24)
      phrase.values.push_back(hour);
    std::sort(phrase.values.begin(), phrase.values.end());
    return phrase;
  }

  std::span<const Token> tokens_;
};

}  // namespace

std::optional<TimePartPhrase> ParseHours(std::span<const Token> tokens) { return HourParser(tokens).Run(); }

}  // namespace neurolake::ask
