#include <algorithm>
#include <map>
#include <set>

#include "common/text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

struct Other {
  std::string_view word, other;
};

/// What people also call it. Only of words that mean the same of any table.
constexpr Other kOthers[] = {{"salary", "pay"},
                             {"salary", "wage"},
                             {"gender", "sex"},
                             {"sex", "gender"},
                             {"manufacturer", "maker"},
                             {"manufacturer", "producer"},
                             {"postcode", "zip code"},
                             {"postcode", "postal code"},
                             {"zip code", "postcode"},
                             {"zip code", "postal code"},
                             {"postal code", "zip code"},
                             {"postal code", "postcode"},
                             {"freight", "shipping cost"},
                             {"job title", "position"},
                             {"job title", "job"},
                             {"nation", "country"},
                             {"country", "nation"},
                             {"quantity", "units"},
                             {"quantity", "pieces"},
                             {"duration", "length"},
                             {"profit", "earnings"},
                             {"supplier", "vendor"},
                             {"payment method", "payment type"},
                             {"payment type", "payment method"},
                             {"color", "colour"},
                             {"colour", "color"},
                             {"quantity on hand", "stock"},
                             {"quantity on hand", "inventory"},
                             {"on hand quantity", "stock"},
                             {"units in stock", "stock"},
                             {"quantity in stock", "stock"},
                             {"stock quantity", "stock"},
                             {"stars", "rating"},
                             {"area", "size"},
                             {"csat", "satisfaction"},
                             {"csat", "customer satisfaction"},
                             {"nps", "net promoter score"},
                             {"mrr", "monthly recurring revenue"},
                             {"arr", "annual recurring revenue"},
                             {"headcount", "number of employees"},
                             {"wait", "waiting time"},
                             {"wait", "wait time"},
                             {"wait time", "waiting time"},
                             {"waiting time", "wait time"},
                             {"fte", "full-time equivalents"},
                             {"maker", "manufacturer"},
                             {"credit grade", "credit rating"},
                             {"specialty", "speciality"},
                             {"vat", "value added tax"},
                             {"site", "location"},
                             {"topic", "subject"},
                             {"language", "preferred language"},
                             {"city", "town"},
                             {"visitors", "footfall"},
                             {"on hand cost", "stock value"},
                             {"on hand cost", "inventory value"}};

std::string Said(std::string_view name) {
  std::string said(name);
  std::ranges::replace(said, '_', ' ');
  return LowerAscii(said);
}

/// All words that mean something in the model, singular.
std::set<std::string> KnownWords(const SemanticModel& model) {
  std::set<std::string> known;
  const auto add = [&](const Described& described) {
    known.insert(SingularOf(Said(described.label)));
    known.insert(SingularOf(Said(described.name)));
    for (const std::string& synonym : described.synonyms) known.insert(SingularOf(Said(synonym)));
  };
  for (const Entity& entity : model.entities) {
    add(entity);
    for (const Dimension& dimension : entity.dimensions) {
      if (!dimension.hidden) add(dimension);
    }
    for (const Measure& measure : entity.measures) add(measure);
  }
  for (const Metric& metric : model.metrics) add(metric);
  for (const Join& join : model.joins) add(join);
  return known;
}

/// Also what a member is called with another word for its end: "average pay" of the average salary.
void AddOthers(Described& described, const std::set<std::string>& known) {
  std::vector<std::string> said{Said(described.label)};
  for (const std::string& synonym : described.synonyms) said.push_back(Said(synonym));
  for (const std::string& text : said) {
    for (const Other& other : kOthers) {
      const bool ends = text == other.word || text.ends_with(std::string(" ") + std::string(other.word));
      // "food stars" is the food's rating, also where something else is rated.
      const bool is_taken = text == other.word && known.contains(SingularOf(other.other));
      if (!ends || is_taken) continue;
      std::string added = text.substr(0, text.size() - other.word.size()) + std::string(other.other);
      if (!known.contains(SingularOf(added)) &&
          std::ranges::find(described.synonyms, added) == described.synonyms.end())
        described.synonyms.push_back(std::move(added));
    }
  }
}

/// One word, one meaning: a synonym that is another member's own name is left to that. A number may be called as the
/// dimension of its column is.
class Owners {
 public:
  void Own(const Described& described, const std::string& member) {
    owners_.emplace(SingularOf(Said(described.label)), member);
  }

  void LeaveToOthers(Described& described, const std::string& member) const {
    const std::string own = SingularOf(Said(described.label));
    std::erase_if(described.synonyms, [&](const std::string& synonym) {
      const std::string word = SingularOf(Said(synonym));
      const auto owner = owners_.find(word);
      return word == own || (owner != owners_.end() && owner->second != member);
    });
  }

 private:
  std::map<std::string, std::string> owners_;
};

}  // namespace

void AddWords(SemanticModel& model) {
  Owners fields, numbers;
  for (const Entity& entity : model.entities) {
    fields.Own(entity, entity.name);
    for (const Dimension& dimension : entity.dimensions) {
      if (!dimension.hidden) fields.Own(dimension, entity.name + "." + dimension.name);
    }
    for (const Measure& measure : entity.measures) numbers.Own(measure, measure.name);
  }
  for (const Metric& metric : model.metrics) numbers.Own(metric, metric.name);
  const auto known = KnownWords(model);
  for (Entity& entity : model.entities) {
    for (Dimension& dimension : entity.dimensions) {
      if (dimension.hidden || dimension.type == DimensionType::kTime) continue;
      fields.LeaveToOthers(dimension, entity.name + "." + dimension.name);
      AddOthers(dimension, known);
    }
    for (Measure& measure : entity.measures) {
      numbers.LeaveToOthers(measure, measure.name);
      AddOthers(measure, known);
    }
  }
}

}  // namespace neurolake::semantic
