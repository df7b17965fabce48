#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "query/text_finder.h"

namespace neurolake::query {

/// What is known of a data subject that is to be forgotten.
struct KnownOfSubject {
  std::set<std::string> identifiers;  ///< Keys and what else stands for the subject alone.
  std::set<std::string> texts;        ///< What else its rows say, which may be said of others too.
  std::string key;                    ///< As the statement says it, whether anything has it or not.
};

/// Tells which constants of statements name a data subject. All without case. Immutable; pure.
class SubjectMentions {
 public:
  explicit SubjectMentions(const KnownOfSubject& known);

  /// Whether the text holds an identifier: anywhere, if that could stand for nothing else, else as a word of its own.
  /// Whole numbers and short ones count where the statement has to do with the subject's tables (`touches`).
  bool Holds(std::string_view text, bool touches) const;
  /// The same of what is no statement: numbers and short ones do not count, and what is a word counts as one.
  bool HoldsElsewhere(std::string_view text) const;
  /// The same of a question in plain language, of which nobody says what tables it is about: short numbers, which stand
  /// in many, count if one is the key.
  bool HoldsInQuestion(std::string_view text) const;
  /// The same of a semantic model, which is written for everybody: words alone, and numbers from six digits on.
  bool HoldsInModel(std::string_view text) const;
  /// Whether all of the text is an identifier.
  bool IsIdentifier(std::string_view text) const;
  /// Positions of those constants of one statement, as they were written, that have to go: those that hold an
  /// identifier, where there is one those that are one of the texts, and those about the tables that are the key.
  std::vector<size_t> Find(const std::vector<std::string>& constants, bool touches) const;
  /// The statement without them, and without comments where these hold one; unchanged if it holds none.
  std::string Without(const std::string& sql, bool touches) const;

 private:
  bool HoldsBesideConstants(std::string_view text, bool touches) const;
  bool Names(const std::string& constant, bool touches) const;
  bool IsOneOfTheTexts(std::string_view constant) const;

  TextFinder in_constants_;  ///< Telling ones anywhere, plain ones (digits, or short) as words.
  TextFinder in_statements_;
  TextFinder elsewhere_;
  TextFinder in_questions_;
  TextFinder in_models_;
  std::set<std::string, std::less<>> identifiers_;
  std::set<std::string, std::less<>> texts_;
  std::string key_;
};

/// What a constant says, without its quotes; lower case.
std::string ConstantText(std::string_view constant);

}  // namespace neurolake::query
