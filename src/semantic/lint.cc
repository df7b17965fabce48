#include "semantic/lint.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "common/text.h"

namespace neurolake::semantic {
namespace {

using Severity = LintFinding::Severity;

/// Words as they are compared: lower case, without what stands between them.
std::string Folded(std::string_view text) {
  std::string folded;
  for (const char c : LowerAscii(text)) {
    if (c == '_' || c == '-' || c == ' ') {
      if (!folded.empty() && folded.back() != ' ') folded += ' ';
    } else {
      folded += c;
    }
  }
  while (!folded.empty() && folded.back() == ' ') folded.pop_back();
  return folded;
}

class Linter {
 public:
  explicit Linter(const SemanticModel& model) : model_(model) {}

  std::vector<LintFinding> Run() {
    Words();
    for (const Entity& entity : model_.entities) CheckEntity(entity);
    Joins();
    Ways();
    std::ranges::stable_sort(findings_, {}, &LintFinding::line);
    return std::move(findings_);
  }

 private:
  void Find(Severity severity, std::string rule, std::string member, std::string text, uint32_t line) {
    findings_.push_back({severity, std::move(rule), std::move(member), std::move(text), line});
  }

  /// What a word was said of first.
  struct Meaning {
    std::string member, what, entity;
  };

  /// Names of things and fields are one vocabulary, names of numbers another: "amount" may be a column and its total.
  void AddWords(const Described& described, const Meaning& meaning, bool is_number) {
    std::set<std::string> words{Folded(described.name), Folded(described.label)};
    for (const std::string& synonym : described.synonyms) words.insert(Folded(synonym));
    for (const std::string& word : words) {
      const auto [known, is_new] = words_[is_number].emplace(word, meaning);
      const Meaning& first = known->second;
      if (is_new || first.member == meaning.member || first.what == meaning.what) continue;
      // Between entities a question's other words tell, or it is asked back.
      const bool is_told = first.entity != meaning.entity && !first.entity.empty() && !meaning.entity.empty();
      Find(is_told ? Severity::kNote : Severity::kWarning, "ambiguous-word", meaning.member,
           fmt::format("'{}' also means {}: give one of them another synonym or label", word, first.member),
           described.line);
    }
  }

  /// A measure and the metric made of it mean the same.
  void Words() {
    for (const Entity& entity : model_.entities) AddWords(entity, {entity.name, "entity " + entity.name, ""}, false);
    for (const Entity& entity : model_.entities) {
      for (const Dimension& dimension : entity.dimensions) {
        const std::string member = entity.name + "." + dimension.name;
        if (!dimension.hidden) AddWords(dimension, {member, "dimension " + member, entity.name}, false);
      }
    }
    for (const Metric& metric : model_.metrics) {
      if (!metric.hidden) AddWords(metric, {metric.name, "metric " + metric.name, metric.entity}, true);
    }
    std::map<std::string, std::string> values;
    for (const Entity& entity : model_.entities) {
      for (const Dimension& dimension : entity.dimensions) Values(entity, dimension, values);
    }
  }

  void Values(const Entity& entity, const Dimension& dimension, std::map<std::string, std::string>& values) {
    const std::string member = entity.name + "." + dimension.name;
    for (const NamedValue& value : dimension.values) {
      std::set<std::string> words{Folded(value.value), Folded(value.label)};
      for (const std::string& synonym : value.synonyms) words.insert(Folded(synonym));
      words.erase("");
      for (const std::string& word : words) {
        const auto [known, is_new] = values.emplace(word, member + " = " + value.value);
        if (is_new || known->second == member + " = " + value.value) continue;
        Find(Severity::kNote, "ambiguous-value", member, fmt::format("'{}' is also a value: {}", word, known->second),
             dimension.line);
      }
    }
  }

  void CheckEntity(const Entity& entity) {
    const bool has_time = std::ranges::any_of(
        entity.dimensions, [](const Dimension& dimension) { return dimension.type == DimensionType::kTime; });
    if (!entity.measures.empty() && entity.default_time.empty()) {
      // Where there is no time, there is nothing to choose from.
      Find(has_time ? Severity::kWarning : Severity::kNote, "no-default-time", entity.name,
           has_time
               ? "questions about its measures over time have to name one of its times: set default_time"
               : "its measures have no time, so that questions over time are refused: name one as entity.dimension",
           entity.line);
    }
    if (entity.primary_key.empty()) {
      Find(Severity::kNote, "no-primary-key", entity.name,
           "its rows cannot be counted per what they have several of: set primary_key", entity.line);
    }
    if (entity.description.empty()) {
      Find(Severity::kNote, "no-description", entity.name, "say what one row is", entity.line);
    }
    for (const Dimension& dimension : entity.dimensions) {
      if (dimension.geographic_level == "latitude" || dimension.geographic_level == "longitude") continue;
      if (dimension.type != DimensionType::kGeographic || !dimension.geographic_level.empty()) continue;
      Find(Severity::kNote, "no-geographic-level", entity.name + "." + dimension.name,
           "set level: continent, country, region, city, postcode, latitude or longitude", dimension.line);
    }
  }

  void Joins() {
    std::set<std::string> joined;
    for (const Join& join : model_.joins) {
      joined.insert(LowerAscii(join.from));
      joined.insert(LowerAscii(join.to));
      if (join.cardinality == Cardinality::kManyToMany) {
        Find(Severity::kWarning, "fan-out", join.name,
             "many to many: nothing is counted over it; model what lies between as an entity", join.line);
        continue;
      }
      const bool to_is_one = join.cardinality != Cardinality::kOneToMany;
      const Entity* one = FindEntity(model_, to_is_one ? join.to : join.from);
      const auto& columns = to_is_one ? join.to_columns : join.from_columns;
      if (one != nullptr && !one->primary_key.empty() && !SameColumns(one->primary_key, columns)) {
        Find(Severity::kWarning, "fan-out", join.name,
             fmt::format("it meets {} by other columns than its primary key: rows are counted twice if they repeat",
                         one->name),
             join.line);
      }
    }
    for (const Entity& entity : model_.entities) {
      if (model_.entities.size() > 1 && !joined.contains(LowerAscii(entity.name))) {
        // What has numbers of its own is asked for by itself.
        Find(entity.measures.empty() ? Severity::kWarning : Severity::kNote, "unreachable-entity", entity.name,
             "no join leads to it or from it", entity.line);
      }
    }
  }

  static bool SameColumns(std::vector<std::string> a, std::vector<std::string> b) {
    for (std::vector<std::string>* columns : {&a, &b}) {
      for (std::string& column : *columns) column = LowerAscii(column);
      std::ranges::sort(*columns);
    }
    return a == b;
  }

  /// Several joins between two entities: questions have to say which.
  void Ways() {
    std::map<std::pair<std::string, std::string>, const Join*> known;
    for (const Join& join : model_.joins) {
      const auto [first, is_new] = known.emplace(std::pair(LowerAscii(join.from), LowerAscii(join.to)), &join);
      if (is_new || (!join.synonyms.empty() && !first->second->synonyms.empty())) continue;
      Find(Severity::kNote, "several-ways", join.name,
           fmt::format("{} joins the same two: give both synonyms that people say", first->second->name), join.line);
    }
  }

  const SemanticModel& model_;
  std::array<std::map<std::string, Meaning>, 2> words_;
  std::vector<LintFinding> findings_;
};

}  // namespace

std::vector<LintFinding> LintModel(const SemanticModel& model) { return Linter(model).Run(); }

}  // namespace neurolake::semantic
