#include "engine/duckdb/internal/expectations.h"

#include <boost/json.hpp>

#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/lake_write.h"

namespace neurolake::engine::duckdb {
namespace {

namespace json = boost::json;

[[noreturn]] void ThrowUnreadable() {
  ThrowLakeError(Error(ErrorCode::kCorruption, "the expectations of a table cannot be read"));
}

Expectation::Kind KindOf(std::string_view kind) {
  using Kind = Expectation::Kind;
  if (kind == "check") return Kind::kCheck;
  if (kind == "unique") return Kind::kUnique;
  if (kind == "foreign key") return Kind::kForeignKey;
  if (kind == "freshness") return Kind::kFreshness;
  if (kind == "row count") return Kind::kRowCount;
  if (kind == "row count drift") return Kind::kRowCountDrift;
  if (kind == "distribution") return Kind::kDistribution;
  ThrowUnreadable();
}

Expectation::Action ActionOf(std::string_view action) {
  if (action == "FAIL") return Expectation::Action::kFail;
  if (action == "DROP") return Expectation::Action::kDrop;
  if (action == "QUARANTINE") return Expectation::Action::kQuarantine;
  if (action == "WARN") return Expectation::Action::kWarn;
  ThrowUnreadable();
}

std::string Text(const json::object& object, const char* name) { return std::string(object.at(name).as_string()); }

std::optional<TableEntry> TableOf(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  const json::object& table = value.as_object();
  TableEntry entry{.id = TableId(Text(table, "id")),
                   .schema_name = Text(table, "schema"),
                   .table_name = Text(table, "name"),
                   .location = Text(table, "location"),
                   .managed = table.at("managed").as_bool(),
                   .comment = {},
                   .foreign_roots = {}};
  for (const auto& root : table.at("foreign_roots").as_array()) {
    entry.foreign_roots.push_back({Text(root.as_object(), "named"), Text(root.as_object(), "location")});
  }
  return entry;
}

std::vector<std::string> Names(const json::object& plan, const char* member) {
  std::vector<std::string> names;
  if (const auto* list = plan.if_contains(member)) {
    for (const auto& name : list->as_array()) names.emplace_back(name.as_string());
  }
  return names;
}

Expectation ReadExpectation(const json::object& object) {
  Expectation expectation;
  expectation.id = Text(object, "id");
  expectation.name = Text(object, "name");
  expectation.kind = KindOf(object.at("kind").as_string());
  expectation.action = ActionOf(object.at("action").as_string());
  expectation.foreign = TableOf(object.at("foreign"));
  const json::value plan_value = json::parse(object.at("plan").as_string());
  const json::object& plan = plan_value.as_object();
  if (expectation.kind == Expectation::Kind::kCheck) expectation.condition = Text(plan, "condition");
  expectation.columns = Names(plan, "key");
  expectation.foreign_columns = Names(plan, "foreign_key");
  const auto number = [&](const char* name, auto& value) {
    using Number = std::remove_reference_t<decltype(value)>;
    if (const auto* found = plan.if_contains(name)) value = found->to_number<Number>();
  };
  number("limit", expectation.limit);
  number("least", expectation.least);
  number("most", expectation.most);
  number("versions", expectation.versions);
  for (const auto& past : object.at("history").as_array()) {
    const json::object& result = past.as_object();
    if (result.at("metric").is_number()) expectation.past_metrics.push_back(result.at("metric").to_number<double>());
    if (std::string profile = Text(result, "profile"); !profile.empty()) {
      expectation.past_profiles.push_back(std::move(profile));
    }
  }
  return expectation;
}

}  // namespace

bool ExpectationSet::has_rows() const { return std::ranges::any_of(all, &Expectation::of_rows); }

std::shared_ptr<const ExpectationSet> LoadExpectations(StatementState& state, const TableId& table) {
  const json::object arguments{{"table", table.value()}};
  auto answer = state.provider->Maintain("expectations", json::serialize(arguments));
  auto set = std::make_shared<ExpectationSet>();
  // A lake without a server has none.
  if (!answer.has_value() && answer.error().code() == ErrorCode::kNotSupported) return set;
  const std::string text = ValueOrThrow(std::move(answer));
  try {
    const json::value parsed = json::parse(text);
    const json::object& object = parsed.as_object();
    for (const auto& one : object.at("expectations").as_array()) set->all.push_back(ReadExpectation(one.as_object()));
    set->quarantine = TableOf(object.at("quarantine"));
    set->statement_id = Text(object, "statement_id");
  } catch (const boost::system::system_error&) {
    ThrowUnreadable();
  }
  return set;
}

std::string EncodeEvidence(const std::vector<ExpectationEvidence>& evidence) {
  json::array list;
  for (const ExpectationEvidence& one : evidence) {
    list.push_back({{"id", one.id},
                    {"checked", one.checked},
                    {"rows_checked", one.rows_checked},
                    {"violations", one.violations},
                    {"metric", one.metric ? json::value(*one.metric) : json::value(nullptr)},
                    {"profile", one.profile}});
  }
  return json::serialize(list);
}

void ExpectationFindings::Merge(ExpectationFindings&& other) {
  for (const auto& [id, count] : other.counts) {
    counts[id].rows_checked += count.rows_checked;
    counts[id].violations += count.violations;
  }
  dropped += other.dropped;
  quarantined += other.quarantined;
  if (other.rejected == nullptr) return;
  if (rejected == nullptr) {
    rejected = std::move(other.rejected);
  } else {
    rejected->Combine(*other.rejected);
  }
}

void ThrowViolated(StatementState& state, const TableEntry& table, const Expectation& expectation, int64_t violations,
                   int64_t rows_checked, const std::vector<ExpectationEvidence>& evidence) {
  const json::object arguments{{"table", table.id.value()}, {"results", EncodeEvidence(evidence)}};
  // Recorded if it can be; the refusal does not hang on it.
  std::ignore = state.provider->Maintain("expectation_results", json::serialize(arguments));
  // How many there are is not for who sees a part of the table.
  if (table.policy != nullptr) {
    ThrowLakeError(Error(ErrorCode::kCheckViolation,
                         fmt::format("an expectation is violated, nothing was written; expectation: {}, table: {}.{}",
                                     expectation.name, table.schema_name, table.table_name))
                       .With("expectation", expectation.name));
  }
  ThrowLakeError(Error(ErrorCode::kCheckViolation,
                       fmt::format("an expectation is violated, nothing was written; expectation: {}, table: {}.{}, "
                                   "violations: {}, rows checked: {}",
                                   expectation.name, table.schema_name, table.table_name, violations, rows_checked))
                     .With("expectation", expectation.name)
                     .With("violations", std::to_string(violations)));
}

namespace {

/// Answers for the tables that a check is about, and passes commits on.
class CheckProvider final : public LakeProvider {
 public:
  explicit CheckProvider(LakeProvider& server) : server_(server) {}
  void Show(const TableEntry& table) { tables_[{table.schema_name, table.table_name}] = table; }

  Result<bool> SchemaExists(const std::string&) override { return true; }
  Result<std::vector<std::string>> ListSchemas() override { return std::vector<std::string>(); }
  Result<std::optional<TableEntry>> FindTable(const RelationName& name) override {
    const auto found = tables_.find({name.schema_name, name.name});
    if (found == tables_.end()) return std::nullopt;
    return found->second;
  }
  Result<std::optional<ViewEntry>> FindView(const RelationName&) override { return std::nullopt; }
  Result<std::vector<std::string>> ListRelations(const std::string&) override { return std::vector<std::string>(); }
  Result<void> ChangeName(const NameChange&) override { return Refused(); }
  Result<PreparedTable> PrepareTable(const TableCreation&) override { return Refused(); }
  Result<tables::delta::CommitOutcome> Commit(const LakeCommit& commit) override {
    LakeCommit beside = commit;
    beside.beside = true;
    return server_.Commit(beside);
  }
  Result<std::string> Maintain(const std::string& action, const std::string& arguments) override {
    return server_.Maintain(action, arguments);
  }
  Result<std::vector<std::string>> ReadSystemRows(const std::string&, int64_t) override { return Refused(); }

 private:
  static std::unexpected<Error> Refused() {
    return MakeError(ErrorCode::kInternal, "a check of an expectation asked for something else than its tables");
  }
  LakeProvider& server_;
  std::map<std::pair<std::string, std::string>, TableEntry> tables_;
};

}  // namespace

struct CheckConnection::Inside {
  Inside(native::ClientContext& context, StatementState& outer)
      : provider(*outer.provider), connection(*context.db), state(native::make_shared_ptr<StatementState>()) {
    state->store = outer.store;
    state->snapshots = outer.snapshots;
    state->paths = outer.paths;
    state->context = outer.context;
    state->provider = &provider;
    state->gate = outer.gate;
    state->checks_expectations = true;
    connection.context->registered_state->Insert(StatementState::kName, state);
    connection.context->config.use_replacement_scans = false;
  }
  CheckProvider provider;
  native::Connection connection;
  native::shared_ptr<StatementState> state;
};

CheckConnection::CheckConnection(native::ClientContext& context, StatementState& state)
    : inside_(std::make_unique<Inside>(context, state)) {
  inside_->connection.BeginTransaction();
}

CheckConnection::~CheckConnection() {
  try {
    if (inside_->connection.HasActiveTransaction()) inside_->connection.Rollback();
  } catch (const std::exception&) {
    // It has read only; nothing is left behind.
  }
}

void CheckConnection::Show(const TableEntry& table, std::shared_ptr<const tables::delta::Snapshot> snapshot) {
  inside_->provider.Show(table);
  if (snapshot == nullptr) return;
  auto& context = *inside_->connection.context;
  context.RunFunctionInTransaction(
      [&] {
        auto& catalog = native::Catalog::GetCatalog(context, LakeCatalog::kName);
        LakeTransaction::Get(context, catalog).Pin(table.id, std::move(snapshot));
      },
      false);
}

native::unique_ptr<native::MaterializedQueryResult> CheckConnection::Query(const std::string& sql) {
  auto result = inside_->connection.Query(sql);
  if (result->HasError()) result->GetErrorObject().Throw();
  return result;
}

native::Connection& CheckConnection::connection() { return inside_->connection; }
StatementState& CheckConnection::state() { return *inside_->state; }

}  // namespace neurolake::engine::duckdb
