#include "ask/propose/model_part.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "ask/link/join_paths.h"
#include "common/log.h"
#include "common/untrusted_text.h"

namespace neurolake::ask {
namespace {

using semantic::SemanticModel;

std::string WordsOf(const semantic::Described& one) {
  std::string words = one.label;
  for (const std::string& synonym : one.synonyms) words += "\n" + synonym;
  if (!one.description.empty()) words += "\n" + one.description;
  return words;
}

/// What the author wrote of it, in one quotation.
std::string Quoted(const semantic::Described& one, const std::string& source) {
  std::string words = one.label;
  for (const std::string& synonym : one.synonyms) words += "; " + synonym;
  if (!one.description.empty()) words += ". " + one.description;
  return UntrustedText(std::move(words)).Quoted(source);
}

std::string EntityOf(const SemanticModel& model, const semantic::Metric& metric) {
  if (!metric.entity.empty()) return metric.entity;
  // Of a ratio or a formula: the first metric it names.
  const auto* of = semantic::FindMetric(model, metric.numerator);
  if (of != nullptr) return of->entity;
  for (const auto& other : model.metrics) {
    if (!other.entity.empty() && metric.formula.find(other.name) != std::string::npos) return other.entity;
  }
  return {};
}

std::string LineOf(const SemanticModel& model, const semantic::Metric& metric) {
  const std::string entity = EntityOf(model, metric);
  return fmt::format("metric {}{}{} {}\n", metric.name, entity.empty() ? "" : " of entity " + entity,
                     metric.format.unit.empty() ? "" : " in " + metric.format.unit,
                     Quoted(metric, "metric " + metric.name));
}

std::string_view KindOf(const semantic::Dimension& dimension) {
  if (dimension.type == semantic::DimensionType::kTime) return "time";
  switch (dimension.value_type) {
    case semantic::ValueType::kText: return "text";
    case semantic::ValueType::kInteger:
    case semantic::ValueType::kNumber: return "number";
    case semantic::ValueType::kBoolean: return "true or false";
    case semantic::ValueType::kDate:
    case semantic::ValueType::kTimestamp:
    case semantic::ValueType::kTimestampTz: return "time";
  }
  NL_UNREACHABLE();
}

std::string LineOf(const semantic::Entity& entity, const semantic::Dimension& dimension) {
  return fmt::format("  field {} ({}) {}\n", dimension.name, KindOf(dimension),
                     Quoted(dimension, "field " + entity.name + "." + dimension.name));
}

std::string LineOf(const semantic::Entity& entity) {
  return fmt::format("entity {}{} {}\n", entity.name,
                     entity.default_time.empty() ? "" : ", its time is " + entity.default_time,
                     Quoted(entity, "entity " + entity.name));
}

std::string LineOf(const semantic::Join& join) {
  return fmt::format("join {}: each row of {} has one of {}\n", join.name, join.from, join.to);
}

/// What is in so far, and room for.
struct Chosen {
  std::set<std::string> metrics;
  std::set<std::string> fields;
  std::set<std::string> entities;
  size_t bytes = 0;
};

bool Reaches(const SemanticModel& model, const Chosen& chosen, const std::string& entity) {
  if (chosen.metrics.empty()) return true;
  return std::any_of(chosen.metrics.begin(), chosen.metrics.end(), [&](const std::string& name) {
    const std::string from = EntityOf(model, *semantic::FindMetric(model, name));
    return from.empty() || !ToOnePaths(model, from, entity).empty();
  });
}

void Take(const SemanticModel& model, const std::string& name, size_t bytes_max, Chosen& chosen) {
  const size_t dot = name.find('.');
  const semantic::Metric* metric = dot == std::string::npos ? semantic::FindMetric(model, name) : nullptr;
  const std::string entity_name = metric != nullptr ? EntityOf(model, *metric) : name.substr(0, dot);
  const semantic::Entity* entity = semantic::FindEntity(model, entity_name);
  const semantic::Dimension* dimension =
      metric == nullptr && entity != nullptr ? semantic::FindDimension(*entity, name.substr(dot + 1)) : nullptr;
  if (metric == nullptr && dimension == nullptr) return;
  size_t bytes = metric != nullptr ? LineOf(model, *metric).size() : LineOf(*entity, *dimension).size();
  if (entity != nullptr && !chosen.entities.contains(entity->name)) bytes += LineOf(*entity).size();
  if (chosen.bytes + bytes > bytes_max) return;
  if (dimension != nullptr && !Reaches(model, chosen, entity->name)) return;
  chosen.bytes += bytes;
  if (metric != nullptr) chosen.metrics.insert(metric->name);
  else chosen.fields.insert(name);
  if (entity != nullptr) chosen.entities.insert(entity->name);
}

}  // namespace

std::shared_ptr<const MemberRanking> MemberRanking::Make(const SemanticModel& model, retrieval::TextIndex* texts,
                                                         const std::set<std::string>& behind) {
  auto ranking = std::make_shared<MemberRanking>();
  ranking->texts_ = texts;
  ranking->group_ = {.name = "model:" + model.name, .texts = {}, .kind = retrieval::PassageKind::kMetric};
  const auto add = [&](std::string name, const semantic::Described& one, const std::string& about,
                       const std::string& entity) {
    ranking->members_.push_back({.name = std::move(name), .label = one.label});
    ranking->is_behind_.push_back(behind.contains(entity));
    ranking->group_.texts.push_back(about.empty() ? WordsOf(one) : about + "\n" + WordsOf(one));
  };
  for (const auto& metric : model.metrics) {
    if (!metric.hidden) add(metric.name, metric, "", EntityOf(model, metric));
  }
  for (const auto& entity : model.entities) {
    for (const auto& dimension : entity.dimensions) {
      if (!dimension.hidden) add(entity.name + "." + dimension.name, dimension, entity.label, entity.name);
    }
  }
  return ranking;
}

Result<std::vector<MemberRanking::Member>> MemberRanking::Rank(const RequestContext& ctx,
                                                               std::string_view question) const {
  std::vector<Member> all = members_;
  if (texts_ != nullptr) {
    const auto hits = texts_->Rank(ctx, {.groups = std::span(&group_, 1), .text = question});
    if (!hits.has_value()) {
      NL_RETURN_IF_ERROR(ctx.CheckAlive());
      Log(LogLevel::kWarn, "no member of a model is nearer than another", ctx.request_id(),
          {{"reason", hits.error().message()}});
    } else {
      for (const auto& hit : *hits) all[hit.index].score = hit.Score();
    }
  }
  std::vector<size_t> order(all.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) {
    return is_behind_[a] != is_behind_[b] ? is_behind_[b] : all[a].score > all[b].score;
  });
  std::vector<Member> ranked;
  for (const size_t at : order) ranked.push_back(std::move(all[at]));
  return ranked;
}

SemanticModel PartOf(const SemanticModel& model, const std::vector<MemberRanking::Member>& ranked, size_t bytes_max) {
  Chosen chosen;
  // Without a number there is little to say: the nearest comes first, whatever is nearer.
  const auto metric = std::find_if(ranked.begin(), ranked.end(), [](const MemberRanking::Member& member) {
    return member.name.find('.') == std::string::npos;
  });
  if (metric != ranked.end()) Take(model, metric->name, bytes_max, chosen);
  for (const auto& member : ranked) {
    if (metric == ranked.end() || member.name != metric->name) Take(model, member.name, bytes_max, chosen);
  }
  SemanticModel part = model;
  part.verified_questions.clear();
  std::erase_if(part.metrics, [&](const auto& one) { return !chosen.metrics.contains(one.name); });
  std::erase_if(part.entities, [&](const auto& one) { return !chosen.entities.contains(one.name); });
  for (auto& entity : part.entities) {
    std::erase_if(entity.dimensions,
                  [&](const auto& one) { return !chosen.fields.contains(entity.name + "." + one.name); });
  }
  std::erase_if(part.joins, [&](const auto& one) {
    return !chosen.entities.contains(one.from) || !chosen.entities.contains(one.to);
  });
  return part;
}

std::string DescribeForPrompt(const SemanticModel& model) {
  std::string text;
  for (const auto& metric : model.metrics) text += LineOf(model, metric);
  for (const auto& entity : model.entities) {
    text += LineOf(entity);
    for (const auto& dimension : entity.dimensions) text += LineOf(entity, dimension);
  }
  for (const auto& join : model.joins) text += LineOf(join);
  return text;
}

}  // namespace neurolake::ask
