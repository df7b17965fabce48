#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "ask/intent/intent.h"
#include "ask/language/token.h"
#include "ask/link/value_index.h"
#include "semantic/model.h"

namespace neurolake::ask {

enum class LinkKind : uint8_t { kMetric, kDimension, kEntity, kValue, kRole };

/// Some words of a question and what of the model they mean: an edge of the lattice.
struct Link {
  size_t begin = 0;  ///< Tokens, half-open.
  size_t end = 0;
  LinkKind kind = LinkKind::kMetric;
  std::string name = {};   ///< Of the metric, the entity or the join.
  FieldRef field = {};     ///< Of kDimension and kValue; `via` set only if the words said it.
  Literal value = {};      ///< Of kValue.
  std::string shown = {};  ///< What it is called, for people.
  double cost = 0;
  std::string note = {};  ///< “slaes” read as sales; empty if the words are its own.
  bool plural = false;    ///< Of what was typed.
  bool verb = false;      ///< Found by its stem alone: "ordered" for orders; also a verb of the thing: "placed".
  bool event = false;     ///< Of kEntity with `verb`: what happened at `field`, as a noun: "hires", "sign-ups".
};

/// How alike a phrase and a name are, from -1 to 1; only breaks ties between links of the same words.
using Similarity = std::function<double(std::string_view phrase, std::string_view name)>;

/// Finds what words mean in one model and one principal's values. Immutable; thread-safe if `similarity` is.
class Linker {
 public:
  /// Borrows `model`, and `values` (may be null: then only values that the model names are known).
  Linker(const semantic::SemanticModel& model, const ValueIndex* values, Similarity similarity = nullptr);

  /// All links in `tokens`, ordered by begin, then longest first. About 1 µs a token and name of the model.
  std::vector<Link> Find(std::span<const Token> tokens) const;

  /// Whether any name of the model begins with this word: then it is no misspelling of another.
  bool Knows(std::string_view word) const;

  /// Names of the model most like `word`, for suggestions.
  std::vector<std::string> Nearest(std::string_view word, size_t limit) const;

 private:
  struct Term {
    std::vector<std::string> words;  ///< Folded.
    std::vector<std::string> singular;
    std::vector<std::string> stems;
    Link link;
    bool base = false;  ///< A verb that needs "did", "that" or the like before it: "join", "expire".
  };
  void AddTerm(std::string_view text, const Link& link);
  void AddEntity(const semantic::Entity& entity);
  void AddBareNames(const semantic::Entity& entity, const semantic::Dimension& dimension, const Link& link);
  void AddAmountOf(const semantic::Dimension& dimension, const std::string& name, const std::string& owner,
                   const Link& link);
  void AddDimension(const semantic::Entity& entity, const semantic::Dimension& dimension);
  void AddJoins();
  void AddRoleNouns(const semantic::Join& join);
  void AddOwnedNames(const semantic::Metric& metric, const Link& link);
  void AddVerbs();
  void AddEvents();
  void AddShortNames();
  void AddShortEntities();
  void AddHeads();
  void AddDates(const semantic::Entity& entity, const semantic::Dimension& dimension);
  void AddRoleVerbs();
  void AddDoneVerbs();
  void AddAdverbs();
  void AddAlikeNames();
  void Keep(Term term);
  void AddShortName(std::string_view text, const Link& link, std::vector<Term>& open) const;
  size_t CountNamesWith(const std::vector<std::string>& singular) const;
  /// Whether it is a name of something. With `but_values`, values do not count.
  bool HasTerm(std::string_view text, bool but_values = false) const;
  void Match(std::span<const Token> tokens, size_t at, const Term& term, std::vector<Link>& found) const;
  void FindValues(std::span<const Token> tokens, size_t at, std::vector<Link>& found) const;
  void Qualify(std::span<const Token> tokens, std::vector<Link>& found) const;
  void PreferRoles(std::vector<Link>& found) const;

  const semantic::SemanticModel& model_;
  const ValueIndex* values_;
  Similarity similarity_;
  std::vector<Term> terms_;
  std::unordered_set<std::string> known_;  ///< The words of all terms, singular.
};

}  // namespace neurolake::ask
