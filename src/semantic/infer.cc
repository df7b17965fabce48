#include "semantic/infer.h"

#include <algorithm>
#include <array>
#include <set>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/load_parts.h"
#include "semantic/load.h"

namespace neurolake::semantic {
namespace {

constexpr int64_t kCategoryValuesMax = 1000;
constexpr size_t kNameBytesMax = 64;

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
bool EndsWith(std::string_view text, std::string_view end) { return text.ends_with(end); }

/// A name of the model: letters, digits and _.
std::string NameOf(std::string_view text) {
  std::string name;
  for (const char c : LowerAscii(text)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (fits) name += c;
    if (!fits && !name.empty() && name.back() != '_') name += '_';
  }
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) name.insert(0, "n_");
  name.resize(std::min(name.size(), kNameBytesMax - 8));
  return name;
}

/// `name`, or with a number if it is taken.
std::string Unused(std::string name, std::set<std::string>& taken) {
  std::string candidate = name;
  for (int number = 2; !taken.insert(candidate).second; ++number) candidate = fmt::format("{}_{}", name, number);
  return candidate;
}

ValueType TypeOf(std::string_view sql_type) {
  std::string type = LowerAscii(sql_type);
  if (Contains(type, "[") || Contains(type, "struct") || Contains(type, "map(")) return ValueType::kText;
  if (Contains(type, "with time zone") || type == "timestamptz") return ValueType::kTimestampTz;
  if (type.starts_with("timestamp")) return ValueType::kTimestamp;
  if (type == "date") return ValueType::kDate;
  if (type.starts_with("bool")) return ValueType::kBoolean;
  if (type.ends_with("int") || type.ends_with("integer") || type == "long" || type == "short")
    return ValueType::kInteger;
  if (type.starts_with("decimal") || type.starts_with("numeric") || type == "double" || type == "float" ||
      type == "real") {
    return ValueType::kNumber;
  }
  return ValueType::kText;
}

bool IsNested(std::string_view type) {
  const std::string lower = LowerAscii(type);
  return Contains(lower, "[") || Contains(lower, "struct") || Contains(lower, "map(") || lower == "blob";
}

bool IsTime(ValueType type) {
  return type == ValueType::kDate || type == ValueType::kTimestamp || type == ValueType::kTimestampTz;
}

/// Numbers that name or rank and are not added up.
bool IsCode(std::string_view column) {
  const std::string name = LowerAscii(column);
  constexpr std::array<std::string_view, 14> kWords{"id",   "key",   "code", "number", "no",   "zip",      "postcode",
                                                    "year", "month", "day",  "hour",   "week", "latitude", "longitude"};
  for (const std::string_view word : kWords) {
    if (name == word || EndsWith(name, std::string("_") + std::string(word))) return true;
  }
  return name.size() > 3 && (EndsWith(name, "key") || EndsWith(name, "id")) && !EndsWith(name, "paid");
}

/// Numbers whose mean says something and whose sum does not.
bool IsRate(std::string_view column) {
  const std::string name = LowerAscii(column);
  for (const std::string_view word : {"rate", "price", "percent", "pct", "ratio", "score", "age", "temp", "speed",
                                      "avg", "average", "discount", "margin"}) {
    if (name == word || EndsWith(name, std::string("_") + std::string(word)) ||
        name.starts_with(std::string(word) + "_")) {
      return true;
    }
  }
  return false;
}

bool IsBalance(std::string_view column) {
  const std::string name = LowerAscii(column);
  return Contains(name, "balance") || Contains(name, "stock") || Contains(name, "inventory") ||
         Contains(name, "on_hand");
}

std::string LevelOf(std::string_view column) {
  const std::string name = LowerAscii(column);
  for (const std::string_view level : {"continent", "country", "region", "city", "postcode", "latitude", "longitude"}) {
    if (name == level || EndsWith(name, std::string("_") + std::string(level))) return std::string(level);
  }
  if (name == "zip" || name == "zip_code") return "postcode";
  if (name == "state" || name == "province") return "region";
  return {};
}

bool SameTable(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::equal(a, b, [](const std::string& x, const std::string& y) { return EqualsIgnoringCase(x, y); });
}

class Inferrer {
 public:
  Inferrer(const std::vector<KnownTable>& tables, const std::vector<KnownReference>& references)
      : tables_(tables), references_(references) {}

  Inference Run(const std::string& name) {
    Inference result;
    result.model.name = NameOf(name);
    result.model.label = LabelOf(result.model.name);
    result.model.version = "draft";
    for (const KnownTable& table : tables_) entities_.push_back(Unused(NameOf(table.name.back()), taken_entities_));
    for (size_t i = 0; i < tables_.size(); ++i) result.model.entities.push_back(EntityOf(i));
    AddJoins(result.model);
    result.notes = std::move(notes_);
    return result;
  }

 private:
  void Note(std::string text) { notes_.push_back(std::move(text)); }

  static bool IsUnique(const KnownTable& table, const KnownColumn& column) {
    return table.rows && column.distinct && *table.rows > 0 && *column.distinct == *table.rows &&
           column.nulls.value_or(0) == 0;
  }

  std::vector<std::string> KeyOf(const KnownTable& table, const std::string& entity) {
    const auto named_like_a_key = [&](const KnownColumn& column) {
      const std::string name = LowerAscii(column.name);
      return name == "id" || name == "code" || IsCode(name);
    };
    for (const KnownColumn& column : table.columns) {
      if (IsUnique(table, column) && named_like_a_key(column)) return {column.name};
    }
    for (const KnownReference& reference : references_) {
      if (SameTable(reference.to_table, table.name)) return {reference.to_column};
    }
    for (const KnownColumn& column : table.columns) {
      if (!table.rows && LowerAscii(column.name) == "id") {
        Note(fmt::format("{}: id was taken for its key by its name alone", entity));
        return {column.name};
      }
    }
    return {};
  }

  bool IsReference(const KnownTable& table, const KnownColumn& column) const {
    return std::ranges::any_of(references_, [&](const KnownReference& reference) {
      return SameTable(reference.from_table, table.name) && EqualsIgnoringCase(reference.from_column, column.name);
    });
  }

  Entity EntityOf(size_t index) {
    const KnownTable& table = tables_[index];
    Entity entity;
    entity.name = entities_[index];
    entity.label = LabelOf(entity.name);
    entity.description = table.comment.substr(0, 4000);
    entity.table = table.name;
    entity.primary_key = KeyOf(table, entity.name);
    std::set<std::string> taken;
    for (const KnownColumn& column : table.columns) {
      if (!IsNested(column.type)) AddDimension(entity, column, taken);
    }
    for (const Dimension& dimension : entity.dimensions) {
      if (dimension.type == DimensionType::kTime && entity.default_time.empty()) entity.default_time = dimension.name;
    }
    int times = 0;
    for (const Dimension& dimension : entity.dimensions) times += dimension.type == DimensionType::kTime ? 1 : 0;
    if (times > 1)
      Note(fmt::format("{}: {} was taken for its default time, it has {}", entity.name, entity.default_time, times));
    for (const KnownColumn& column : table.columns) AddMeasure(entity, table, column, taken);
    Measure count;
    count.name = UnusedMeasure(entity.name + "_count", taken);
    count.label = "Number of " + LowerAscii(entity.label);
    count.aggregation = Aggregation::kCount;
    entity.measures.push_back(std::move(count));
    return entity;
  }

  void AddDimension(Entity& entity, const KnownColumn& column, std::set<std::string>& taken) {
    Dimension dimension;
    dimension.name = Unused(NameOf(column.name), taken);
    dimension.label = LabelOf(dimension.name);
    dimension.description = column.comment.substr(0, 4000);
    dimension.expr = ColumnExpression(column.name);
    dimension.value_type = TypeOf(column.type);
    dimension.personal = column.personal;
    if (IsTime(dimension.value_type)) {
      dimension.type = DimensionType::kTime;
      dimension.grain = dimension.value_type == ValueType::kDate ? TimeGrain::kDay : TimeGrain::kSecond;
    } else if (const std::string level = LevelOf(column.name); !level.empty()) {
      dimension.type = DimensionType::kGeographic;
      dimension.geographic_level = level;
    }
    const bool has_label = std::ranges::any_of(entity.dimensions, [](const Dimension& d) { return d.is_label; });
    const std::string lower = LowerAscii(column.name);
    dimension.is_label = !has_label && dimension.value_type == ValueType::kText &&
                         (lower == "name" || lower == "title" || EndsWith(lower, "_name"));
    if (dimension.value_type == ValueType::kText && column.personal.empty() &&
        int64_t(column.values.size()) <= kCategoryValuesMax) {
      for (const std::string& value : column.values) dimension.values.push_back({.value = value});
    }
    entity.dimensions.push_back(std::move(dimension));
  }

  void AddMeasure(Entity& entity, const KnownTable& table, const KnownColumn& column, std::set<std::string>& taken) {
    const ValueType type = TypeOf(column.type);
    const bool is_number = type == ValueType::kInteger || type == ValueType::kNumber;
    const bool is_key = std::ranges::any_of(
        entity.primary_key, [&](const std::string& key) { return EqualsIgnoringCase(key, column.name); });
    if (!is_number || is_key || IsNested(column.type) || IsCode(column.name) || IsReference(table, column)) return;
    Measure measure;
    const bool is_rate = IsRate(column.name);
    const std::string name = NameOf(column.name);
    measure.name = UnusedMeasure((is_rate ? "average_" : "total_") + name, taken);
    measure.label = LabelOf(measure.name);
    measure.synonyms = {LowerAscii(LabelOf(name))};
    measure.expr = ColumnExpression(column.name);
    measure.description = column.comment.substr(0, 4000);
    if (is_rate) {
      measure.aggregation = Aggregation::kAverage;
      measure.additivity = Additivity::kNonAdditive;
    } else if (IsBalance(column.name) && !entity.default_time.empty()) {
      measure.additivity = Additivity::kSemiAdditive;
      Note(fmt::format("{}.{}: taken for a balance, so its last value in a period counts", entity.name, measure.name));
    }
    entity.measures.push_back(std::move(measure));
  }

  /// Unused in the entity, and by another's measures, as each becomes a metric.
  std::string UnusedMeasure(const std::string& name, std::set<std::string>& taken) {
    std::string candidate = name;
    for (int number = 2; taken.contains(candidate) || taken_metrics_.contains(candidate); ++number) {
      candidate = fmt::format("{}_{}", name, number);
    }
    taken.insert(candidate);
    taken_metrics_.insert(candidate);
    return candidate;
  }

  std::optional<size_t> IndexOf(const std::vector<std::string>& table) const {
    for (size_t i = 0; i < tables_.size(); ++i) {
      if (SameTable(tables_[i].name, table)) return i;
    }
    return std::nullopt;
  }

  void AddJoin(SemanticModel& model, size_t from, const std::string& from_column, size_t to,
               const std::string& to_column) {
    Join join;
    std::string role = NameOf(from_column);
    for (const std::string_view end : {"_id", "_key", "_code"}) {
      if (EndsWith(role, end) && role.size() > end.size()) role.resize(role.size() - end.size());
    }
    join.name = Unused(NameOf(entities_[from] + "_" + role), taken_joins_);
    join.label = LabelOf(role);
    join.from = entities_[from];
    join.to = entities_[to];
    join.from_columns = {from_column};
    join.to_columns = {to_column};
    model.joins.push_back(std::move(join));
  }

  /// By data where references were found, else by a name: orders.customer_id and customers.id.
  void AddJoins(SemanticModel& model) {
    for (const KnownReference& reference : references_) {
      const auto from = IndexOf(reference.from_table), to = IndexOf(reference.to_table);
      if (from && to && *from != *to) AddJoin(model, *from, reference.from_column, *to, reference.to_column);
    }
    for (size_t i = 0; i < tables_.size(); ++i) {
      for (const KnownColumn& column : tables_[i].columns) {
        if (!IsReference(tables_[i], column)) JoinByName(model, i, column);
      }
    }
  }

  void JoinByName(SemanticModel& model, size_t from, const KnownColumn& column) {
    const std::string name = LowerAscii(column.name);
    if (!EndsWith(name, "_id") && !EndsWith(name, "_key") && !EndsWith(name, "_code")) return;
    const std::string stem = name.substr(0, name.rfind('_'));
    for (size_t to = 0; to < tables_.size(); ++to) {
      const std::string& entity = entities_[to];
      const bool is_named = entity == stem || entity == stem + "s" || entity == stem + "es" ||
                            (EndsWith(stem, "y") && entity == stem.substr(0, stem.size() - 1) + "ies");
      const Entity& target = model.entities[to];
      if (to == from || !is_named || target.primary_key.size() != 1) continue;
      const auto key = std::ranges::find_if(tables_[to].columns, [&](const KnownColumn& other) {
        return EqualsIgnoringCase(other.name, target.primary_key.front());
      });
      if (key == tables_[to].columns.end() || TypeOf(key->type) != TypeOf(column.type)) continue;
      AddJoin(model, from, column.name, to, target.primary_key.front());
      Note(fmt::format("{}.{} was taken for {}'s key by its name alone", entities_[from], column.name, entity));
    }
  }

  const std::vector<KnownTable>& tables_;
  const std::vector<KnownReference>& references_;
  std::vector<std::string> entities_;
  std::set<std::string> taken_entities_, taken_metrics_, taken_joins_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<Inference> InferModel(const std::string& name, const std::vector<KnownTable>& tables,
                             const std::vector<KnownReference>& references) {
  if (tables.empty()) return MakeError(ErrorCode::kInvalidArgument, "a model is inferred from at least one table");
  Inference inference = Inferrer(tables, references).Run(name);
  // Through the format that the person edits, so that it is known to load, with its lines and implicit metrics.
  NL_ASSIGN_OR_RETURN(inference.model, LoadModel(SaveModel(inference.model)));
  return inference;
}

}  // namespace neurolake::semantic
