#include "governance/governor.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "common/check.h"
#include "common/text.h"
#include "governance/allow_list.h"

namespace neurolake::governance {
namespace {

bool IsPermitted(const AllowEntry* entry, StatementOrigin origin, bool in_policy = false) {
  if (entry == nullptr) return false;
  switch (entry->verdict) {
    case Verdict::kAllow: return true;
    case Verdict::kProduct: return origin == StatementOrigin::kProduct;
    case Verdict::kPolicy: return in_policy;
    case Verdict::kDeny: return false;
  }
  NL_UNREACHABLE();
}

std::optional<Right> RightNeeded(Reason reason) {
  if (reason == Reason::kReads) return Right::kRead;
  if (reason == Reason::kWrites) return Right::kWrite;
  if (reason == Reason::kCreates) return Right::kCreate;
  return std::nullopt;
}

std::string_view RightName(Right right) {
  switch (right) {
    case Right::kRead: return "read";
    case Right::kWrite: return "write";
    case Right::kCreate: return "create";
    case Right::kRegisterLocation: return "register locations";
    case Right::kManage: return "manage";
    case Right::kAudit: return "audit";
    case Right::kAsk: return "ask";
  }
  NL_UNREACHABLE();
}

Result<void> RequireRight(const Principal& principal, Right right) {
  if (principal.Has(right)) return {};
  return MakeError(ErrorCode::kPermissionDenied, "the principal lacks the right to {}", RightName(right));
}

// `described` is how a message calls the kind: "function", "type" …
Result<void> CheckEntry(std::string_view kind, std::string_view name, std::string_view described,
                        StatementOrigin origin, bool in_policy = false) {
  if (IsPermitted(FindAllowEntry(kind, name), origin, in_policy)) return {};
  return MakeError(ErrorCode::kPermissionDenied, "{} is not allowed here: {}", described, name);
}

// A function is called without saying which kind it is, so messages do not say it either.
bool IsFunctionKind(std::string_view kind) {
  return kind == "scalar function" || kind == "aggregate function" || kind == "window function" ||
         kind == "table function" || kind == "macro" || kind == "table macro" || kind == "pragma function" ||
         kind == "copy function";
}

// What read_csv keeps of the rows it refused: made by ingestion for one statement, gone with it.
bool IsRejectsTable(const plan::Lookup& lookup) {
  if (!EqualsIgnoringCase(lookup.catalog, kTemporaryCatalogName)) return false;
  const std::string name = LowerAscii(lookup.name);
  return lookup.kind == "schema" ||
         (lookup.kind == "table" && (name.starts_with("nl_rejects_") || name.starts_with("nl_scans_")));
}

class AllowListGate final : public plan::LookupGate {
 public:
  AllowListGate(StatementOrigin origin, std::shared_ptr<const FunctionRights> rights)
      : origin_(origin), rights_(std::move(rights)) {}

  Result<void> Check(const plan::Lookup& lookup) const override {
    const bool in_lake = EqualsIgnoringCase(lookup.catalog, kLakeCatalogName);
    if (IsFunctionKind(lookup.kind)) {
      // A function of the lake would be one a user made: there are none, so one that is found is a hole.
      if (in_lake) return Deny("function", lookup.name);
      NL_RETURN_IF_ERROR(CheckEntry(lookup.kind, lookup.name, "function", origin_, lookup.in_policy));
      const bool of_user = origin_ == StatementOrigin::kUser && !lookup.in_policy;
      return of_user ? rights_->Check(lookup.name) : Result<void>();
    }
    if (lookup.kind == "type" || lookup.kind == "collation" || lookup.kind == "setting") {
      if (in_lake) return Deny(lookup.kind, lookup.name);
      return CheckEntry(lookup.kind, lookup.name, lookup.kind, origin_);
    }
    if (lookup.kind == "schema" || lookup.kind == "table" || lookup.kind == "view") {
      return CheckRelation(lookup, in_lake, origin_);
    }
    return Deny(lookup.kind, lookup.name);
  }

 private:
  static Result<void> Deny(std::string_view described, std::string_view name) {
    return MakeError(ErrorCode::kPermissionDenied, "{} is not allowed here: {}", described, name);
  }

  static Result<void> CheckRelation(const plan::Lookup& lookup, bool in_lake, StatementOrigin origin) {
    if (origin == StatementOrigin::kProduct && IsRejectsTable(lookup)) return {};
    const std::string schema = LowerAscii(lookup.kind == "schema" ? lookup.name : lookup.schema);
    if (in_lake && schema != "pg_catalog") return {};
    // These names are the engine's own and the same for everybody, so saying so tells nothing.
    return MakeError(ErrorCode::kPermissionDenied,
                     "the engine's own catalogue is not allowed here, use schema system or information_schema: {}",
                     lookup.name);
  }

  StatementOrigin origin_;
  std::shared_ptr<const FunctionRights> rights_;
};

// The engine's planner puts error() around a scalar subquery, to raise "more than one row". A user's error() never
// comes this far: gate 2 denies its look-up, which the planner's own use does not pass.
bool IsPlannersOwn(const plan::FunctionUse& function) { return function.kind == "scalar" && function.name == "error"; }

// Nor does what it makes of scalar subqueries, EXISTS and IN; where a user calls these, gate 2 has seen it.
bool IsOfSubqueries(const plan::FunctionUse& function) {
  return function.kind == "aggregate" && (function.name == "first" || function.name == "count_star");
}

Result<void> CheckFunctions(const plan::PlanDigest& digest, StatementOrigin origin, const FunctionRights& rights) {
  static const std::map<std::string_view, std::string_view> kinds = {{"scalar", "scalar function"},
                                                                     {"aggregate", "aggregate function"},
                                                                     {"window", "window function"},
                                                                     {"table", "table function"},
                                                                     {"macro", "macro"},
                                                                     {"table macro", "table macro"},
                                                                     {"pragma", "pragma function"},
                                                                     {"copy", "copy function"}};
  for (const plan::FunctionUse& function : digest.functions) {
    const auto kind = kinds.find(function.kind);
    if (kind == kinds.end()) {
      return MakeError(ErrorCode::kInternal, "the plan's digest has an unknown kind of function: {}", function.kind);
    }
    if (IsPlannersOwn(function)) continue;
    if (origin == StatementOrigin::kUser && !IsOfSubqueries(function)) NL_RETURN_IF_ERROR(rights.Check(function.name));
    // An aggregate used as a window function is listed as an aggregate.
    if (function.kind == "window" && IsPermitted(FindAllowEntry("aggregate function", function.name), origin)) continue;
    NL_RETURN_IF_ERROR(CheckEntry(kind->second, function.name, "function", origin));
  }
  return {};
}

/// A statement of the product that changes nothing but what its own scans left: no right of the principal is used.
bool IsCleanUp(const plan::PlanDigest& digest, StatementOrigin origin) {
  return origin == StatementOrigin::kProduct && !digest.changed_catalogs.empty() &&
         std::ranges::all_of(digest.changed_catalogs,
                             [](const std::string& catalog) { return catalog == kTemporaryCatalogName; });
}

Result<void> CheckOperators(const plan::PlanDigest& digest, const Principal& principal, StatementOrigin origin) {
  if (digest.operators.empty() && digest.statement_kind != "TRANSACTION") {
    return MakeError(ErrorCode::kInternal, "the plan's digest names no operators");
  }
  size_t sources = 0;
  for (const std::string& name : digest.operators) {
    NL_RETURN_IF_ERROR(CheckEntry("operator", name, "operation", origin));
    if (name == "GET") ++sources;
    if (IsCleanUp(digest, origin)) continue;
    const auto right = RightNeeded(FindAllowEntry("operator", name)->reason);
    // Reading is checked per scan: SELECT 1 reads nothing, but is made of the same operators.
    if (right.has_value() && *right != Right::kRead) NL_RETURN_IF_ERROR(RequireRight(principal, *right));
    const bool writes =
        name == "INSERT" || name == "UPDATE" || name == "DELETE" || name == "MERGE_INTO" || name == "CREATE_TABLE";
    if (writes && digest.writes.empty()) {
      return MakeError(ErrorCode::kInternal, "the plan's digest has a writing operation but no written table: {}",
                       name);
    }
  }
  const bool calls_table_function =
      std::ranges::any_of(digest.functions, [](const plan::FunctionUse& function) { return function.kind == "table"; });
  if (sources > digest.scans.size() && !calls_table_function) {
    return MakeError(ErrorCode::kInternal, "the plan's digest has sources that are neither scans nor functions");
  }
  return {};
}

// Workers outlive statements: what is made in the engine's own catalogues, or as a temporary object, would still be
// there for the next principal's statement.
Result<void> CheckCatalogs(const plan::PlanDigest& digest, StatementOrigin origin) {
  for (const std::string& catalog : digest.changed_catalogs) {
    if (catalog == kLakeCatalogName) continue;
    // Ingestion drops the tables its scan made; gate 2 has seen that it is one of those.
    if (catalog == kTemporaryCatalogName && origin == StatementOrigin::kProduct) continue;
    return MakeError(ErrorCode::kPermissionDenied, "only the lake can be changed, not catalogue: {}", catalog);
  }
  const bool creates = std::ranges::any_of(digest.operators, [](const std::string& name) {
    return name == "CREATE_TABLE" || name == "CREATE_VIEW" || name == "CREATE_SCHEMA";
  });
  if (creates && digest.changed_catalogs.empty()) {
    return MakeError(ErrorCode::kPermissionDenied, "only the lake can be changed, not temporary objects");
  }
  return {};
}

Result<void> CheckWrites(const plan::PlanDigest& digest, const Principal& principal, StatementOrigin origin) {
  for (const plan::WriteDigest& write : digest.writes) {
    for (const std::string_view own : {"system", "information_schema"}) {
      if (!EqualsIgnoringCase(write.schema_name, own)) continue;
      return MakeError(ErrorCode::kPermissionDenied, "schema {} cannot be written to", own);
    }
    const AllowEntry* entry = FindAllowEntry("statement", write.operation);
    const auto right = entry == nullptr ? std::nullopt : RightNeeded(entry->reason);
    if (!IsPermitted(entry, origin) || !right.has_value() || *right == Right::kRead) {
      return MakeError(ErrorCode::kPermissionDenied, "operation is not allowed here: {}", write.operation);
    }
    // A table to be made has no id yet; one that is written to without one is not the lake's.
    if (*right == Right::kWrite && write.table.empty()) {
      return MakeError(ErrorCode::kPermissionDenied, "only tables of the lake can be written to");
    }
    NL_RETURN_IF_ERROR(RequireRight(principal, *right));
  }
  return {};
}

// Where a row lies in its files is for changing it: to a query it would tell of rows that a filter hides.
bool MayReadRowIds(const plan::PlanDigest& digest, const plan::ScanDigest& scan) {
  return std::ranges::any_of(digest.writes, [&](const plan::WriteDigest& write) {
    const bool changes = write.operation == "UPDATE" || write.operation == "DELETE" || write.operation == "MERGE";
    return changes && write.table == scan.table;
  });
}

// A row that is changed is written anew, and what the principal saw of it would be written: the mask, not the value.
Result<void> CheckRewrites(const plan::PlanDigest& digest, const plan::ScanDigest& scan) {
  if (scan.policy == nullptr || scan.policy->masks.empty()) return {};
  const bool rewrites = std::ranges::any_of(digest.writes, [&](const plan::WriteDigest& write) {
    return write.table == scan.table && (write.operation == "UPDATE" || write.operation == "MERGE");
  });
  if (!rewrites) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "a mask policy of the table applies to you, so its rows cannot be changed by UPDATE or MERGE: {}.{}",
                   scan.schema_name, scan.table_name);
}

// Ids are given in order, so that gaps between those of visible rows count the hidden ones.
Result<void> CheckTracking(const plan::ScanDigest& scan) {
  if (!scan.reads_tracking || scan.policy == nullptr || !scan.policy->filters_rows) return {};
  return MakeError(
      ErrorCode::kPermissionDenied,
      "a row policy of the table applies to you, and the ids of its rows would count those it hides: {}.{}",
      scan.schema_name, scan.table_name);
}

// Who may see the table is told what for.
Result<void> CheckPurpose(const plan::ScanDigest& scan) {
  if (scan.policy == nullptr || !scan.policy->lacks_purpose) return {};
  std::string purposes;
  for (const std::string& one : scan.policy->purposes) purposes += (purposes.empty() ? "" : ", ") + one;
  return MakeError(ErrorCode::kPermissionDenied,
                   "the table is read by statements that declare one of its purposes: {}.{}; purposes: {}",
                   scan.schema_name, scan.table_name, purposes.empty() ? "none" : purposes);
}

// A privilege on columns, or a denial of one; what a policy reads of the others it reads for itself.
Result<void> CheckColumns(const plan::ScanDigest& scan) {
  if (scan.policy == nullptr || (!scan.policy->readable_columns && scan.policy->denied_columns.empty())) return {};
  if (scan.physical_columns.size() != scan.columns.size()) {
    return MakeError(ErrorCode::kInternal, "the plan's digest does not name a scan's columns, scan id: {}",
                     scan.scan_id);
  }
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    const std::string& physical = scan.physical_columns[i];
    const auto& readable = scan.policy->readable_columns;
    const bool granted = !readable || std::ranges::find(*readable, physical) != readable->end();
    const bool denied = std::ranges::any_of(scan.policy->denied_columns, [&](const std::string& one) {
      return one == physical || EqualsIgnoringCase(one, scan.columns[i]);
    });
    if (granted && !denied) continue;
    return MakeError(ErrorCode::kPermissionDenied, "reading the column needs the privilege SELECT on it: {}.{}, {}",
                     scan.schema_name, scan.table_name, scan.columns[i]);
  }
  return {};
}

Result<std::map<uint64_t, plan::ScanDecision>> DecideScans(const plan::PlanDigest& digest, const Principal& principal,
                                                           StatementOrigin origin, RowMoves moves) {
  std::map<uint64_t, plan::ScanDecision> decisions;
  for (const plan::ScanDigest& scan : digest.scans) {
    NL_RETURN_IF_ERROR(RequireRight(principal, Right::kRead));
    if (scan.for_write) NL_RETURN_IF_ERROR(RequireRight(principal, Right::kWrite));
    if (scan.table.empty()) {
      return MakeError(ErrorCode::kInternal, "the plan's digest has a scan of no table, scan id: {}", scan.scan_id);
    }
    if (scan.reads_row_ids && origin == StatementOrigin::kUser && !MayReadRowIds(digest, scan)) {
      return MakeError(ErrorCode::kColumnNotFound,
                       "no such column in {}.{}: a row's place in its files is not readable", scan.schema_name,
                       scan.table_name);
    }
    plan::ScanDecision decision;
    if (moves == RowMoves::kNone) {
      NL_RETURN_IF_ERROR(CheckPurpose(scan));
      NL_RETURN_IF_ERROR(CheckColumns(scan));
      NL_RETURN_IF_ERROR(CheckRewrites(digest, scan));
      NL_RETURN_IF_ERROR(CheckTracking(scan));
      decision.policy = scan.policy;
    }
    if (!decisions.emplace(scan.scan_id, std::move(decision)).second) {
      return MakeError(ErrorCode::kInternal, "the plan's digest has a scan id twice: {}", scan.scan_id);
    }
  }
  return decisions;
}

}  // namespace

Result<void> Governor::CheckStatementKind(const std::string& kind, const Principal& principal,
                                          StatementOrigin origin) const {
  const AllowEntry* entry = FindAllowEntry("statement", kind);
  if (entry != nullptr && entry->reason == Reason::kNotYet) {
    return MakeError(ErrorCode::kNotSupported, "statement is not supported yet: {}", kind);
  }
  NL_RETURN_IF_ERROR(CheckEntry("statement", kind, "statement", origin));
  // What the product composes may only tidy up after itself, which needs no right; gate 3 sees which it is.
  const auto right = RightNeeded(entry->reason);
  if (right.has_value() && origin == StatementOrigin::kUser) NL_RETURN_IF_ERROR(RequireRight(principal, *right));
  return {};
}

std::unique_ptr<plan::LookupGate> Governor::GateFor(StatementOrigin origin) const {
  return std::make_unique<AllowListGate>(origin, rights_);
}

Result<plan::GovernedQuery> Governor::Govern(const RequestContext& ctx, plan::BoundQuery query, StatementOrigin origin,
                                             RowMoves moves) const {
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  const plan::PlanDigest& digest = query.digest();
  NL_RETURN_IF_ERROR(CheckStatementKind(digest.statement_kind, ctx.principal(), origin));
  NL_RETURN_IF_ERROR(CheckFunctions(digest, origin, *rights_));
  NL_RETURN_IF_ERROR(CheckOperators(digest, ctx.principal(), origin));
  NL_RETURN_IF_ERROR(CheckCatalogs(digest, origin));
  NL_RETURN_IF_ERROR(CheckWrites(digest, ctx.principal(), origin));
  NL_ASSIGN_OR_RETURN(auto decisions, DecideScans(digest, ctx.principal(), origin, moves));
  return plan::GovernedQuery(std::move(query.plan_), std::move(decisions));
}

}  // namespace neurolake::governance
