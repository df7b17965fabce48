#include "privacy/detector/pattern_scanner.h"

#include <hs/hs.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <tuple>

#include "common/check.h"
#include "privacy/detector/internal/assigned_value.h"
#include "privacy/detector/internal/token_forms.h"

namespace neurolake::privacy {
namespace {

struct Found {
  unsigned id;
  size_t begin, end;
};

int OnMatch(unsigned id, unsigned long long from, unsigned long long to, unsigned, void* context) {
  static_cast<std::vector<Found>*>(context)->push_back({id, static_cast<size_t>(from), static_cast<size_t>(to)});
  return 0;
}

}  // namespace

struct PatternScanner::Form {
  const Pattern* pattern;
  size_t width;  ///< Of every match, or 0 if they differ.
};

struct PatternScanner::TokenForms : TokenFormIndex {};

PatternScanner::PatternScanner() : token_forms_(std::make_unique<TokenForms>()) {}

Result<std::shared_ptr<const PatternScanner>> PatternScanner::Make() {
  auto scanner = std::shared_ptr<PatternScanner>(new PatternScanner);
  std::vector<const char*> expressions;
  std::vector<unsigned> flags, numbers;
  for (const Pattern& pattern : Patterns()) {
    if (pattern.edges == Edges::kWord) {
      NL_RETURN_IF_ERROR(scanner->token_forms_->Add(pattern));
      continue;
    }
    unsigned flag = pattern.any_case ? HS_FLAG_CASELESS : 0;
    hs_expr_info_t* info = nullptr;
    hs_compile_error_t* problem = nullptr;
    size_t width = 0;
    if (hs_expression_info(pattern.regex, flag, &info, &problem) == HS_SUCCESS) {
      if (info->min_width == info->max_width) width = info->min_width;
      free(info);
    } else {
      hs_free_compile_error(problem);
    }
    // To know where a match of any length begins costs time; where all are of one length it follows from the end.
    if (width == 0) flag |= HS_FLAG_SOM_LEFTMOST;
    expressions.push_back(pattern.regex);
    flags.push_back(flag);
    numbers.push_back(static_cast<unsigned>(numbers.size()));
    scanner->automaton_forms_.push_back({&pattern, width});
  }
  hs_compile_error_t* problem = nullptr;
  if (hs_compile_multi(expressions.data(), flags.data(), numbers.data(), static_cast<unsigned>(expressions.size()),
                       HS_MODE_BLOCK, nullptr, &scanner->database_, &problem) != HS_SUCCESS) {
    auto error = MakeError(ErrorCode::kInternal, "a pattern of the detector does not compile: {} ({})",
                           problem->expression >= 0 ? expressions[static_cast<size_t>(problem->expression)] : "all",
                           problem->message);
    hs_free_compile_error(problem);
    return error;
  }
  return scanner;
}

PatternScanner::~PatternScanner() { hs_free_database(database_); }

PatternScanner::Scratch::Scratch(const PatternScanner& scanner) {
  NL_CHECK(hs_alloc_scratch(scanner.database_, &scratch_) == HS_SUCCESS);
}
PatternScanner::Scratch::~Scratch() { hs_free_scratch(scratch_); }

void PatternScanner::ScanAutomaton(std::string_view text, Scratch& scratch, std::vector<PatternMatch>& matches) const {
  std::vector<Found> found;
  NL_CHECK(hs_scan(database_, text.data(), static_cast<unsigned>(text.size()), 0, scratch.scratch_, OnMatch, &found) ==
           HS_SUCCESS);
  for (Found& one : found) {
    if (automaton_forms_[one.id].width > 0) one.begin = one.end - automaton_forms_[one.id].width;
  }
  // The longest of those that begin at one place: the automaton reports every end.
  std::ranges::sort(found, [](const Found& a, const Found& b) {
    return std::tie(a.id, a.begin, b.end) < std::tie(b.id, b.begin, a.end);
  });
  for (size_t first = 0, next = 0; first < found.size(); first = next) {
    const Pattern* pattern = automaton_forms_[found[first].id].pattern;
    std::optional<PatternMatch> best;
    for (next = first;
         next < found.size() && found[next].id == found[first].id && found[next].begin == found[first].begin; ++next) {
      // A longer end may take in what comes behind: the longest that passes, else the longest.
      if (best && best->passed) continue;
      size_t begin = found[next].begin, end = found[next].end;
      if (pattern->grow != nullptr) pattern->grow(text, begin, end);
      const bool passed = pattern->check == nullptr || pattern->check(text.substr(begin, end - begin));
      if (!best || passed) best = PatternMatch{pattern, begin, end, passed};
    }
    if (pattern->entity == Entity::kHighEntropySecret) {
      best->begin += AssignedValueAt(text.substr(best->begin, best->end - best->begin));
    }
    matches.push_back(*best);
  }
}

void PatternScanner::ScanAll(std::string_view text, bool with_failed, Scratch& scratch,
                             std::vector<PatternMatch>& matches) const {
  matches.clear();
  text = text.substr(0, std::numeric_limits<unsigned>::max());
  if (text.empty()) return;
  ScanAutomaton(text, scratch, matches);
  if (!with_failed) std::erase_if(matches, [](const PatternMatch& match) { return !match.passed; });
  token_forms_->Scan(text, with_failed, matches);
}

void PatternScanner::Scan(std::string_view text, Scratch& scratch, std::vector<PatternMatch>& matches) const {
  ScanAll(text, false, scratch, matches);
}

void PatternScanner::ScanForms(std::string_view text, Scratch& scratch, std::vector<PatternMatch>& matches) const {
  ScanAll(text, true, scratch, matches);
}

}  // namespace neurolake::privacy
