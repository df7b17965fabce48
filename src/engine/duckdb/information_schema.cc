// Relations of `information_schema` that tell of columns: only a table's own log knows them.
#include "engine/duckdb/internal/information_schema.h"

#include <boost/json.hpp>

#include "common/text.h"
#include "duckdb/parser/parser.hpp"
#include "duckdb/parser/statement/select_statement.hpp"
#include "engine/duckdb/information_relations.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/path_grants.h"
#include "engine/duckdb/internal/shown_columns.h"
#include "engine/duckdb/internal/snapshot_cache.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "tables/delta/table_rules.h"

namespace neurolake::engine::duckdb {
namespace {

namespace json = boost::json;
namespace delta = tables::delta;

/// One that the principal may know of, as the server lists it.
struct Listed {
  std::string schema;
  std::string name;
  bool is_view = false;
  bool may_modify = false;
};

/// A table's or view's column that may be shown. `field` is null for a view's.
struct ShownColumn {
  std::string name;
  native::LogicalType type;
  const delta::StructField* field = nullptr;
};

struct ShownRelation {
  SnapshotPointer snapshot;  ///< Null for a view.
  std::vector<ShownColumn> columns;
  bool hides_columns = false;
};

json::value TextOrNull(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value(nullptr);
}

std::string OurText(const std::string& spark) {
  const auto expression = delta::Expression::Parse(spark, delta::Expression::Dialect::kSpark);
  return expression.has_value() ? expression->ToText(delta::Expression::Dialect::kOurs) : spark;
}

class InformationReader {
 public:
  InformationReader(native::ClientContext& context, native::TableCatalogEntry& own, const InformationScope& scope)
      : context_(context), state_(StatementState::Get(context)), own_(own), scope_(scope) {}

  std::vector<std::string> Read(const std::string& name) {
    if (name == "information_schema_catalog_name") return {json::serialize(json::array{LakeCatalog::kName})};
    if (name == "key_column_usage" || name == "table_constraints") ReadKeys();
    for (const Listed& listed : List()) {
      ValueOrThrow(state_.context->CheckAlive());
      const auto shown = listed.is_view ? View(listed) : Table(listed);
      if (!shown) continue;
      if (name == "columns") AddColumns(listed, *shown);
      if (name == "column_privileges") AddColumnPrivileges(listed, *shown);
      if (name == "table_constraints") AddConstraints(listed, *shown);
      if (name == "check_constraints") AddChecks(listed, *shown);
      if (name == "key_column_usage") AddKeys(listed, *shown);
    }
    return std::move(rows_);
  }

 private:
  std::vector<json::array> ServerRows(const std::string& name) {
    std::vector<json::array> rows;
    while (true) {
      const auto page = ValueOrThrow(state_.provider->ReadSystemRows(fmt::format("{}.{}", kInformationSchema, name),
                                                                     static_cast<int64_t>(rows.size())));
      if (page.empty()) return rows;
      for (const std::string& row : page) rows.push_back(json::parse(row).as_array());
    }
  }

  std::vector<Listed> List() {
    std::vector<Listed> all;
    for (const json::array& row : ServerRows("tables")) {
      Listed listed{.schema = std::string(row.at(1).as_string()),
                    .name = std::string(row.at(2).as_string()),
                    .is_view = row.at(3).as_string() == "VIEW",
                    .may_modify = row.at(4).as_string() == "YES"};
      if (scope_.schema && *scope_.schema != listed.schema) continue;
      if (scope_.table && *scope_.table != listed.name) continue;
      all.push_back(std::move(listed));
    }
    return all;
  }

  /// nullopt: it is gone meanwhile, or cannot be read.
  std::optional<ShownRelation> Table(const Listed& listed) {
    const auto known = FindKnownTable(context_, own_, {listed.schema, listed.name});
    if (!known || known->snapshot == nullptr) return std::nullopt;
    ShownRelation shown{.snapshot = known->snapshot, .columns = {}};
    for (const delta::StructField& field : shown.snapshot->schema().fields) {
      if (MayKnowColumn(known->entry.policy.get(), field)) {
        shown.columns.push_back({field.name, ToDuckDbType(field.type), &field});
      } else {
        shown.hides_columns = true;
      }
    }
    return shown;
  }

  /// Bound as a query of it would be, so that who may not read what it reads is not told of its columns either.
  std::optional<ShownRelation> View(const Listed& listed) {
    const auto refusal = state_.refusal;
    const auto open_views = state_.open_views;
    std::optional<ShownRelation> shown;
    try {
      native::Parser parser(context_.GetParserOptions());
      parser.ParseQuery(fmt::format("SELECT * FROM {}.{}.{}", LakeCatalog::kName, QuoteIdentifier(listed.schema),
                                    QuoteIdentifier(listed.name)));
      auto query =
          native::unique_ptr_cast<native::SQLStatement, native::SelectStatement>(std::move(parser.statements.at(0)));
      BoundPlan plan;
      if (!ReadsHiddenColumns(DigestOf(context_, state_, std::move(query), {}, plan))) {
        shown.emplace();
        for (size_t i = 0; i < plan.names.size(); ++i)
          shown->columns.push_back({plan.names[i], plan.types[i], nullptr});
      }
    } catch (const std::exception& exception) {
      const native::ErrorData error(exception);
      if (error.Type() == native::ExceptionType::INTERRUPT || error.Type() == native::ExceptionType::OUT_OF_MEMORY) {
        throw;
      }
      shown.reset();
    }
    // Of the view; what the statement itself was refused stays.
    state_.refusal = refusal;
    state_.open_views = open_views;
    return shown;
  }

  void ReadKeys() {
    for (json::array& key : ServerRows("keys")) {
      keys_[{std::string(key.at(0).as_string()), std::string(key.at(1).as_string())}].push_back(std::move(key));
    }
  }

  /// Keys whose columns may all be shown.
  std::vector<const json::array*> KeysOf(const Listed& listed, const ShownRelation& shown) const {
    std::vector<const json::array*> known;
    const auto found = keys_.find({listed.schema, listed.name});
    if (found == keys_.end()) return known;
    for (const json::array& key : found->second) {
      const bool shows = std::ranges::all_of(key.at(5).as_array(), [&](const json::value& column) {
        return std::ranges::any_of(shown.columns, [&](const ShownColumn& one) {
          return EqualsIgnoringCase(one.name, std::string_view(column.as_string()));
        });
      });
      if (shows) known.push_back(&key);
    }
    return known;
  }

  void AddKeys(const Listed& listed, const ShownRelation& shown) {
    for (const json::array* key : KeysOf(listed, shown)) {
      int64_t position = 0;
      for (const json::value& column : key->at(5).as_array()) {
        Add({LakeCatalog::kName, listed.schema, key->at(2), LakeCatalog::kName, listed.schema, listed.name, column,
             ++position});
      }
    }
  }

  /// What a condition says may be of any column.
  static std::vector<std::pair<std::string, std::string>> ChecksOf(const ShownRelation& shown) {
    std::vector<std::pair<std::string, std::string>> checks;
    if (shown.snapshot == nullptr || shown.hides_columns) return checks;
    for (const auto& [name, condition] : shown.snapshot->metadata().configuration) {
      if (!name.starts_with(delta::kConstraintPrefix)) continue;
      checks.emplace_back(name.substr(delta::kConstraintPrefix.size()), OurText(condition));
    }
    return checks;
  }

  void AddChecks(const Listed& listed, const ShownRelation& shown) {
    for (const auto& [name, clause] : ChecksOf(shown)) Add({LakeCatalog::kName, listed.schema, name, clause});
  }

  void AddConstraints(const Listed& listed, const ShownRelation& shown) {
    const auto add = [&](const json::value& name, const json::value& type, const json::value& enforced) {
      Add({LakeCatalog::kName, listed.schema, name, LakeCatalog::kName, listed.schema, listed.name, type, "NO", "NO",
           enforced});
    };
    for (const auto& [name, clause] : ChecksOf(shown)) add(json::value(name), "CHECK", "YES");
    for (const json::array* key : KeysOf(listed, shown)) add(key->at(2), key->at(3), key->at(4));
  }

  void AddColumnPrivileges(const Listed& listed, const ShownRelation& shown) {
    const std::string& who = state_.context->principal().name;
    for (const ShownColumn& column : shown.columns) {
      for (const char* privilege : {"SELECT", "MODIFY"}) {
        const bool may = privilege[0] == 'S' ? MaySelect(listed) : listed.may_modify;
        if (!may) continue;
        Add({nullptr, who, LakeCatalog::kName, listed.schema, listed.name, column.name, privilege, "NO"});
      }
    }
  }

  /// A table that may be written alone has all its columns listed, which may not be read.
  bool MaySelect(const Listed& listed) {
    if (!selectable_) {
      selectable_.emplace();
      for (const json::array& row : ServerRows("table_privileges")) {
        if (row.at(5).as_string() == "SELECT") {
          selectable_->emplace(std::string(row.at(3).as_string()), std::string(row.at(4).as_string()));
        }
      }
    }
    return listed.is_view || selectable_->contains({listed.schema, listed.name});
  }

  void AddColumns(const Listed& listed, const ShownRelation& shown) {
    int64_t position = 0;
    for (const ShownColumn& column : shown.columns) {
      json::array row = {LakeCatalog::kName, listed.schema, listed.name, column.name, ++position};
      AddDetails(column, shown, row);
      Add(std::move(row));
    }
  }

  static void AddDetails(const ShownColumn& column, const ShownRelation& shown, json::array& row) {
    static const delta::StructField kOfView{};
    const delta::StructField& field = column.field == nullptr ? kOfView : *column.field;
    const auto text = [&](const char* key) { return field.TextMetadata(key); };
    auto value = text(delta::kCurrentDefault);
    if (value) value = OurText(*value);
    row.insert(row.end(), {TextOrNull(value), field.nullable ? "YES" : "NO", column.type.ToString(), nullptr});
    AddPrecision(column.type, row);
    const auto number = [&](const char* key) -> json::value {
      const auto found = field.metadata.find(key);
      return found == field.metadata.end() ? json::value(nullptr) : json::value(found->second);
    };
    const bool identity = field.metadata.contains(delta::kIdentityStart);
    const auto generation = text(delta::kGenerationExpression);
    row.insert(row.end(), {identity ? "YES" : "NO", number(delta::kIdentityStart), number(delta::kIdentityStep),
                           generation ? "ALWAYS" : "NEVER"});
    // It may name a column that is not shown.
    row.push_back(generation && !shown.hides_columns ? json::value(OurText(*generation)) : json::value(nullptr));
    row.push_back(TextOrNull(text("comment")));
  }

  /// numeric_precision, its radix, numeric_scale and datetime_precision.
  static void AddPrecision(const native::LogicalType& type, json::array& row) {
    using native::LogicalTypeId;
    const auto add = [&](json::value precision, json::value radix, json::value scale, json::value time) {
      row.insert(row.end(), {std::move(precision), std::move(radix), std::move(scale), std::move(time)});
    };
    switch (type.id()) {
      case LogicalTypeId::TINYINT: return add(8, 2, 0, nullptr);
      case LogicalTypeId::SMALLINT: return add(16, 2, 0, nullptr);
      case LogicalTypeId::INTEGER: return add(32, 2, 0, nullptr);
      case LogicalTypeId::BIGINT: return add(64, 2, 0, nullptr);
      case LogicalTypeId::FLOAT: return add(24, 2, nullptr, nullptr);
      case LogicalTypeId::DOUBLE: return add(53, 2, nullptr, nullptr);
      case LogicalTypeId::DECIMAL:
        return add(native::DecimalType::GetWidth(type), 10, native::DecimalType::GetScale(type), nullptr);
      case LogicalTypeId::DATE: return add(nullptr, nullptr, nullptr, 0);
      case LogicalTypeId::TIMESTAMP:
      case LogicalTypeId::TIMESTAMP_TZ: return add(nullptr, nullptr, nullptr, 6);
      default: return add(nullptr, nullptr, nullptr, nullptr);
    }
  }

  void Add(json::array row) { rows_.push_back(json::serialize(row)); }

  native::ClientContext& context_;
  StatementState& state_;
  native::TableCatalogEntry& own_;
  const InformationScope& scope_;
  std::vector<std::string> rows_;
  std::map<std::pair<std::string, std::string>, std::vector<json::array>> keys_;
  std::optional<std::set<std::pair<std::string, std::string>>> selectable_;
};

}  // namespace

std::optional<KnownTable> FindKnownTable(native::ClientContext& context, native::TableCatalogEntry& own,
                                         const RelationName& name) {
  StatementState& state = StatementState::Get(context);
  auto entry = ValueOrThrow(state.provider->FindTable(name));
  if (!entry) return std::nullopt;
  KnownTable known{.entry = *std::move(entry), .snapshot = nullptr};
  known.snapshot = LakeTransaction::Get(context, own.ParentCatalog()).Pinned(known.entry.id);
  if (known.snapshot != nullptr) return known;
  state.paths->Allow(known.entry.location, PathGrants::Access::kRead);
  for (const auto& root : known.entry.foreign_roots) state.paths->Allow(root.location, PathGrants::Access::kRead);
  if (auto loaded = state.snapshots->Load(*state.context, known.entry, std::nullopt)) {
    known.snapshot = *std::move(loaded);
  }
  return known;
}

bool MakesInformation(const std::string& name) {
  constexpr std::string_view kNames[] = {"columns",           "column_privileges", "table_constraints",
                                         "check_constraints", "key_column_usage",  "information_schema_catalog_name"};
  return std::ranges::find(kNames, std::string_view(name)) != std::end(kNames);
}

std::vector<std::string> InformationRows(native::ClientContext& context, native::TableCatalogEntry& own,
                                         const std::string& name, const InformationScope& scope) {
  return InformationReader(context, own, scope).Read(name);
}

}  // namespace neurolake::engine::duckdb
