#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"
#include "governance/effective_policy.h"
#include "plan/table_policy.h"
#include "query/access.h"

namespace neurolake::query {

/// Row policies, mask policies and groups on the server's side. The actions, with their arguments and answers:
///   create_policy    {table, kind, name, definition, plan, column, replace, if_not_exists} → {created}
///   drop_policy      {table, kind, name, if_exists} → {}
///   policies         {table} → {rows: [[schema, table, name, kind, definition, created_by, created], …], names};
///                    table may be empty: all that the principal looks after; names: policy_names.h
///   effective_policy {table, principal} → {rows: [[kind, policy, column, expression], …], names}; principal may be
///                    empty
///   check_sources    {paths: [path or URL, …]} → {}; kPermissionDenied for a file of a table of which one sees a part
///   only create_group, drop_group {name} → {}; add_member, remove_member {group, member} → {}; groups {} → {rows}
/// A plan names grantees as [{kind, name}]; what is stored has their ids too. Rights are checked here. Errors:
/// kPermissionDenied; kNotFound; those of the catalogue.
bool IsPolicyAction(std::string_view action);
Result<boost::json::value> RunPolicyAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                           const std::string& action, const boost::json::object& arguments);

/// What a stored plan says, for EffectivePolicy. Errors: kCorruption.
Result<governance::PolicyRule> RuleOfPlan(const std::string& kind, const std::string& plan);
/// Errors: kCorruption for an unknown kind.
Result<governance::Grantee> GranteeOf(const std::string& kind, std::string id);

/// Names of grantees, [{kind, name}] under `member`, to their ids, in place. Names alone ("any") are a group's or a
/// user's. Errors: kNotFound; kInvalidArgument for a name that is both.
Result<void> ResolveGrantees(catalog::Catalog& catalog, boost::json::object& plan, std::string_view member);

/// The "plan" of a policy of `kind` as it is kept: with ids in the place of the names of grantees and keys. Errors:
/// those of ResolveGrantees and ResolveKeys; kCorruption for what RuleOfPlan could not read.
Result<std::string> ResolvedPlan(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& kind,
                                 const boost::json::object& arguments);

/// Who a principal is to policies, with groups and attributes of the catalogue and of an identity provider. Of an
/// agent: itself, and not whom it acts for.
Result<governance::PolicySubject> SubjectOf(catalog::Catalog& catalog, const Principal& principal);

/// What the principal of `ctx` may see of `table` for all of `uses`; null: all of it, as there is nothing to hide, or
/// by break-glass access, which goes past the catalogue's policies. One read for a table without policies, which is the
/// table's own. What the catalogue's judge says of each use is taken away. Errors: kCorruption
/// for a stored policy that cannot be read: then nothing is seen; those of the judge.
Result<std::shared_ptr<const plan::TablePolicy>> PolicyFor(catalog::Catalog& catalog, const RequestContext& ctx,
                                                           const catalog::TableRecord& table,
                                                           std::initializer_list<Privilege> uses = {
                                                               Privilege::kSelect});

/// Whether all rows and cells of `table` may be shown to the principal; what is known of its rows is for those alone.
Result<bool> SeesAll(catalog::Catalog& catalog, const RequestContext& ctx, const catalog::TableRecord& table);

/// Refuses to protect a table of which expectations tell, or set rows aside, where no policy would hide them. Errors:
/// kDependentObjects, naming one.
Result<void> CheckExpectations(catalog::Catalog& catalog, const TableId& table);

/// Whether the principal looks after a table's policies: its owner, and who manages the lake.
bool IsSteward(const Principal& principal, const catalog::TableRecord& table);

/// Taking a protected table away, or another in its place, is for who looks after its policies. Errors:
/// kPermissionDenied.
Result<void> RequireSteward(const Principal& principal, const catalog::TableRecord& table);

/// The member table of an action's arguments, for who looks after it; `which` says in an error what table that is.
/// Errors: kNotFound, also for who may not know of it; kPermissionDenied.
Result<catalog::TableRecord> StewardsTable(const RequestContext& ctx, catalog::Catalog& catalog,
                                           const boost::json::object& arguments, std::string_view which);

}  // namespace neurolake::query
