#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace neurolake::query {

/// Tells which constants of statements name a data subject, by what is known of it when it is to be forgotten.
/// All without case. Immutable; pure.
class SubjectMentions {
 public:
  /// `identifiers`: keys and what else stands for the subject alone. `texts`: what else its rows say, which may be said
  /// of others too, and so counts in statements alone that name it.
  SubjectMentions(const std::set<std::string>& identifiers, const std::set<std::string>& texts);

  /// Whether the text holds an identifier: anywhere, if that could stand for nothing else, else as a word of its own.
  /// Whole numbers and short ones count where the statement has to do with the subject's tables (`touches`).
  bool Holds(std::string_view text, bool touches) const;
  /// Positions of those constants of one statement, as they were written, that have to go.
  std::vector<size_t> Find(const std::vector<std::string>& constants, bool touches) const;
  /// The statement without them, and without comments where these hold one; unchanged if it holds none.
  std::string Without(const std::string& sql, bool touches) const;

 private:
  bool IsOneOfTheTexts(std::string_view constant) const;

  std::vector<std::string> telling_;  ///< Lower case.
  std::vector<std::string> plain_;    ///< Digits, or short.
  std::set<std::string, std::less<>> texts_;
};

/// What a constant says, without its quotes; lower case.
std::string ConstantText(std::string_view constant);

}  // namespace neurolake::query
