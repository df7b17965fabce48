#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "privacy/detector/patterns.h"

struct hs_database;
struct hs_scratch;

namespace neurolake::privacy {

/// A place where a pattern's form was found and its check passed; offsets are bytes.
struct PatternMatch {
  const Pattern* pattern;
  size_t begin, end;
  bool passed = true;  ///< Only ScanForms gives matches that fail their check.
};

/// Finds all forms in one pass over a text.
///
/// What has something that gives it away (an "@", "://", the prefix of a key) is found by one vectorscan automaton. All
/// other forms stand between word boundaries and have a digit: the text is cut into tokens around its digits, each run
/// of tokens is put to the forms that its length, first and last byte leave over, and RE2 says whether it is one. One
/// automaton of everything was 20 times slower (ADR 21).
///
/// Compiling takes some tenths of a second: share one for the process.
class PatternScanner {
 public:
  /// Errors: kInternal if a pattern does not compile (a test compiles them all).
  static Result<std::shared_ptr<const PatternScanner>> Make();
  ~PatternScanner();
  PatternScanner(const PatternScanner&) = delete;
  PatternScanner& operator=(const PatternScanner&) = delete;

  /// Working memory of one thread.
  class Scratch {
   public:
    explicit Scratch(const PatternScanner& scanner);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

   private:
    friend class PatternScanner;
    hs_scratch* scratch_ = nullptr;
  };

  /// Matches whose check passed, the longest for each pattern and beginning, in no order. Bytes that are not UTF-8 are
  /// matched as they are. Thread-safe with a scratch per thread; linear in the text. Reads at most 4 GiB.
  void Scan(std::string_view text, Scratch& scratch, std::vector<PatternMatch>& matches) const;
  /// The same, with those that fail their check.
  void ScanForms(std::string_view text, Scratch& scratch, std::vector<PatternMatch>& matches) const;

 private:
  struct Form;
  struct TokenForms;
  PatternScanner();
  void ScanAll(std::string_view text, bool with_failed, Scratch& scratch, std::vector<PatternMatch>& matches) const;
  void ScanAutomaton(std::string_view text, Scratch& scratch, std::vector<PatternMatch>& matches) const;

  hs_database* database_ = nullptr;
  std::vector<Form> automaton_forms_;        ///< By the automaton's id.
  std::unique_ptr<TokenForms> token_forms_;  ///< Found by tokens.
};

}  // namespace neurolake::privacy
