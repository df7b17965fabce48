#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "privacy/detector/entities.h"
#include "privacy/detector/pattern_scanner.h"

namespace neurolake::privacy {

/// Personal data or a secret in a text.
struct Span {
  Entity entity;
  size_t begin, end;  ///< Bytes.
  double confidence;  ///< 0 to 1: how likely it is what `entity` says.
  /// What speaks for it, in words, without the text itself: "its form; check digits; the word \"iban\" beside it".
  std::string why;
};

struct DetectOptions {
  EntitySet entities = DefaultEntities();
  /// What is less likely is not reported; 0.5 where nothing else is said.
  double threshold = 0.5;
  /// For single entities instead of `threshold`.
  std::array<std::optional<double>, kEntityCount> thresholds = {};
  bool explain = false;  ///< Whether `why` is filled in.
};

/// Finds personal data in free text.
///
/// The confidence of a span adds natural log-odds: that of its form alone, what passing its check is worth
/// (-ln of the share of random texts that pass), and 4.5 for a word of its own kind close by (60 bytes before it or 30
/// after). A text that fails its check is no finding whatever stands beside it. docs/privacy.md has the reasons.
///
/// Where findings overlap they become one, from the first byte to the last of them, under the name of the most likely
/// (of those equally likely the longest, then the first in entities.def): whatever was found is hidden by `Redact`.
class Detector {
 public:
  /// The one of this process; compiled when first asked for. Errors: kInternal if the patterns do not compile.
  static Result<std::shared_ptr<const Detector>> Get();

  explicit Detector(std::shared_ptr<const PatternScanner> scanner) : scanner_(std::move(scanner)) {}

  /// Spans in order, without overlaps. Thread-safe; linear in the text.
  std::vector<Span> Find(std::string_view text, const DetectOptions& options) const;

  /// `text` with `<ENTITY_NAME>` in the place of each span: `<EMAIL_ADDRESS>`.
  std::string Redact(std::string_view text, const DetectOptions& options) const;

  const PatternScanner& scanner() const { return *scanner_; }

 private:
  std::shared_ptr<const PatternScanner> scanner_;
};

}  // namespace neurolake::privacy
