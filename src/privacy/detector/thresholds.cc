#include "privacy/detector/thresholds.h"

#include <charconv>
#include <string>

#include "common/text.h"

namespace neurolake::privacy {
namespace {

Result<double> ParseThreshold(std::string_view text) {
  double number = -1;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  // (Of "nan", no comparison is true.)
  if (problem != std::errc() || end != text.data() + text.size() || !(number >= 0 && number <= 1)) {
    return MakeError(ErrorCode::kInvalidArgument, "a threshold is a number from 0 to 1, not: \"{}\"", text);
  }
  return number;
}

}  // namespace

Result<Thresholds> ParseThresholds(std::string_view list) {
  Thresholds thresholds;
  for (const std::string& part : Split(list, ',')) {
    const std::string_view word = Trim(part);
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
      NL_ASSIGN_OR_RETURN(thresholds.all, ParseThreshold(word));
      continue;
    }
    NL_ASSIGN_OR_RETURN(const double threshold, ParseThreshold(Trim(word.substr(equals + 1))));
    NL_ASSIGN_OR_RETURN(const EntitySet meant, ParseEntities(Trim(word.substr(0, equals))));
    for (size_t i = 0; i < kEntityCount; ++i) {
      if (meant[i]) thresholds.of[i] = threshold;
    }
  }
  return thresholds;
}

}  // namespace neurolake::privacy
