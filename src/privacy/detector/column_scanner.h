#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "privacy/detector/detector.h"
#include "privacy/detector/names.h"

namespace neurolake::privacy {

/// What a column holds, as far as its values tell.
struct ColumnFinding {
  Entity entity;
  double confidence;         ///< 0 to 1.
  bool in_text = false;      ///< Inside longer texts, not as whole values.
  int64_t values = 0;        ///< Distinct values that were examined.
  int64_t matched = 0;       ///< Of those: have its form, or have it in their text.
  int64_t passed = 0;        ///< Of those: pass its check.
  std::vector<Entity> also;  ///< Others that the values fit nearly as well, the likelier first.
  std::string why;           ///< Evidence in words, without any value.
  std::string tag() const;   ///< What to tag the column with: "pii.national.nl_bsn", "secret.github_token".
};

struct ColumnOptions {
  EntitySet entities = ColumnEntities();
  double threshold = 0.5;
  std::array<std::optional<double>, kEntityCount> thresholds = {};

  /// All but what says nothing of a column as such: DATE_TIME, URL, UUID.
  static EntitySet ColumnEntities();
};

/// Judges one column by its values together.
///
/// One value that passes a check proves little: of random ten-digit numbers one in eleven passes a modulus of 11. Of a
/// column that holds the identifier nearly all pass. The evidence is the likelihood ratio of both: for each distinct
/// value ln(0.97 / r) if it passes and ln(0.03 / (1 - r)) if not, where r is the share of random texts of that form
/// that pass. To it come the form itself, the column's name, and against it values that repeat like categories or run
/// on like a counter. Names are judged the same way by the share of values that the gazetteer knows.
///
/// Keeps counts and hashes, never values. For one thread.
class ColumnScanner {
 public:
  ColumnScanner(std::shared_ptr<const Detector> detector, std::string column);

  /// One value that is not NULL, as text. Repeated values count once.
  void Add(std::string_view value);

  /// Findings, the likeliest first; at most one about whole values. Errors: none; an empty column has no findings.
  std::vector<ColumnFinding> Finish(const ColumnOptions& options = {}) const;

  int64_t rows() const { return rows_; }

 private:
  struct Tally {
    int64_t matched = 0, passed = 0, skipped = 0;
    double prior = 0;  ///< Sum over matched values.
    double ratio = 0;  ///< Sum of log-likelihood ratios of independent checks.
    double base = 0;   ///< Sum of base rates.
    bool checked = false, independent = false;
  };
  struct Candidate {
    Entity entity;
    double odds;
    ColumnFinding finding;
  };

  void AddWhole(std::string_view value);
  void AddNames(std::string_view value);
  void AddText(std::string_view value);
  std::optional<Candidate> JudgePattern(Entity entity, const Tally& tally) const;
  std::optional<Candidate> JudgeName(Entity entity, int64_t hits, double by_chance, double expected,
                                     const char* what) const;
  std::optional<Candidate> JudgeText(Entity entity) const;
  void AddNameCandidates(std::vector<Candidate>& candidates) const;
  double NameEvidence(Entity entity, double worth, std::string& why) const;
  double ShapeEvidence(bool checked, std::string& why) const;

  std::shared_ptr<const Detector> detector_;
  std::string words_;  ///< Of the column's name.
  PatternScanner::Scratch scratch_;
  std::vector<PatternMatch> matches_;
  int64_t rows_ = 0, examined_ = 0, texts_ = 0;
  std::unordered_set<uint64_t> seen_;
  std::map<Entity, Tally> tallies_;
  std::map<Entity, int64_t> in_text_;
  int64_t given_ = 0, surnames_ = 0, full_ = 0, places_ = 0, companies_ = 0, groups_ = 0;
  std::map<size_t, int64_t> lengths_;
  int64_t numbers_ = 0;
  int64_t smallest_ = std::numeric_limits<int64_t>::max(), largest_ = std::numeric_limits<int64_t>::min();
};

}  // namespace neurolake::privacy
