// What can be asked nearby, for a question that is not answered.
#include <algorithm>
#include <map>
#include <set>

#include "ask/grammar/understand.h"
#include "ask/language/words.h"

namespace neurolake::ask {
namespace {

using semantic::SemanticModel;

constexpr size_t kQuestionsMax = 3;
/// Of one metric: the others show what else there is.
constexpr int kOfOneMetricMax = 2;

std::set<std::string> StemsOf(std::string_view label) {
  std::set<std::string> stems;
  for (const Token& token : TokenizeName(label)) stems.insert(Stem(token.word));
  return stems;
}

struct Question {
  int shared = 0;  ///< How many of the words it has, those of the metric twice.
  size_t metric = 0;
  std::string text;
};

class Nearby {
 public:
  Nearby(const SemanticModel& model, const std::vector<std::string>& words) : model_(model) {
    for (const std::string& word : words) words_.push_back(Stem(word));
  }

  std::vector<std::string> Find() {
    for (size_t i = 0; i < model_.metrics.size(); ++i) {
      if (!model_.metrics[i].hidden) AddMetric(i);
    }
    for (const auto& verified : model_.verified_questions) {
      questions_.push_back({Shared(verified.question, {}) - 1, model_.metrics.size(), verified.question});
    }
    std::ranges::stable_sort(questions_, std::ranges::greater(), &Question::shared);
    std::vector<std::string> nearest;
    std::map<size_t, int> of_metric;
    for (const Question& one : questions_) {
      if (nearest.size() == kQuestionsMax) break;
      if (one.metric < model_.metrics.size() && of_metric[one.metric] == kOfOneMetricMax) continue;
      if (std::ranges::find(nearest, one.text) != nearest.end()) continue;
      ++of_metric[one.metric];
      nearest.push_back(one.text);
    }
    return nearest;
  }

 private:
  /// Without those that `but` has.
  int Shared(std::string_view label, const std::set<std::string>& but) const {
    int shared = 0;
    for (const std::string& stem : StemsOf(label)) {
      if (!but.contains(stem)) shared += static_cast<int>(std::ranges::count(words_, stem));
    }
    return shared;
  }

  void AddMetric(size_t index) {
    const semantic::Metric& metric = model_.metrics[index];
    const std::string entity_name =
        !metric.entity.empty() ? metric.entity : metric.measure.substr(0, metric.measure.find('.'));
    const semantic::Entity* entity = semantic::FindEntity(model_, entity_name);
    const int own = 2 * Shared(metric.label, {});
    questions_.push_back({own, index, metric.label});
    if (entity == nullptr) return;
    for (const semantic::Dimension& dimension : entity->dimensions) AddGroups(index, own, dimension);
    for (const semantic::Join& join : model_.joins) {
      const bool is_many_to_one = join.cardinality != semantic::Cardinality::kOneToMany;
      if (join.from != entity->name || !is_many_to_one || !IsOnlyWayTo(join.to)) continue;
      const semantic::Entity* other = semantic::FindEntity(model_, join.to);
      if (other == nullptr) continue;
      for (const auto& dimension : other->dimensions) {
        if (dimension.is_label) AddGroups(index, own, dimension);
      }
    }
    if (!entity->default_time.empty()) questions_.push_back({own, index, metric.label + " by month"});
  }

  bool IsOnlyWayTo(const std::string& entity) const {
    return std::ranges::count(model_.joins, entity, &semantic::Join::to) == 1;
  }

  /// Numbers make no groups that anybody asks for, and what the metric is about tells nothing of it.
  void AddGroups(size_t index, int own, const semantic::Dimension& dimension) {
    using semantic::ValueType;
    if (dimension.hidden || !dimension.personal.empty()) return;
    if (dimension.type == semantic::DimensionType::kTime) return;
    if (dimension.value_type == ValueType::kInteger || dimension.value_type == ValueType::kNumber) return;
    const std::string& metric = model_.metrics[index].label;
    const std::set<std::string> said = StemsOf(metric);
    if (std::ranges::all_of(StemsOf(dimension.label), [&](const auto& stem) { return said.contains(stem); })) return;
    questions_.push_back(
        {own + Shared(dimension.label, said), index, fmt::format("{} by {}", metric, dimension.label)});
  }

  const SemanticModel& model_;
  std::vector<std::string> words_;  ///< Stems; one that counts more stands there more often.
  std::vector<Question> questions_;
};

}  // namespace

std::vector<std::string> NearestQuestions(const SemanticModel& model, const std::vector<std::string>& words) {
  return Nearby(model, words).Find();
}

}  // namespace neurolake::ask
