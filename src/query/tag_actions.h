#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"
#include "governance/tag_rules.h"

namespace neurolake::query {

/// Tags, policies by tag, purposes and attributes on the server's side. The actions, with their arguments and answers:
///   set_tags            {table, set: [[column, label, tag, value], …], unset: [[column, tag], …]} → {}; column is what
///                       the table's files call it, "" for the table
///   tags                {schema, name} → {rows: [[column, label, tag, value, set_by, set_at], …]}; also of a view
///   tag_policies        {table, tags: [[column, tag, value], …]} → {policies: [{name, kind, of_columns, plan}]}:
///                       those that the table would come under with these tags
///   show_tag_policies   {} → {rows}
/// for its owner or who manages the lake; for who manages it alone:
///   tag_matches         {of_columns, tag, value, schema} → {matches: [[schema, table, column], …]}; value may be null
///   create_tag_policy   {of_columns, tag, value, schema, kind, name, definition, plan, replace, if_any} → {}
///   drop_tag_policy     {kind, name, if_exists} → {}
///   create_purpose, drop_purpose {name, comment} → {}; grant_purpose {name, grant, grantees} → {}
///   set_attributes      {principal, set: [[name, value], …], unset: [name, …]} → {}; attributes {principal} → {rows}
/// and allow_purposes {schema, name, tag, value, purposes} → {} for a table's owner, or of a tag; purposes {} → {rows}
/// for everybody, of those that one may use; set_minimum_group {table, purpose, size, column, label} → {} for a table's
/// owner, or {tag, value, purpose, size, entity_tag} → {} of a tag. Errors: kPermissionDenied; kNotFound; those of the
/// catalogue.
bool IsTagAction(std::string_view action);
Result<boost::json::value> RunTagAction(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& action,
                                        const boost::json::object& arguments);
/// Those about purposes and attributes.
bool IsPurposeAction(std::string_view action);
Result<boost::json::value> RunPurposeAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                            const std::string& action, const boost::json::object& arguments);

/// Checks that the policies which the table comes under with these tags may hold for it, and changes them. Errors:
/// those of Catalog::ChangeTags; kDependentObjects.
Result<void> ChangeTableTags(catalog::Catalog& catalog, const catalog::TableRecord& table,
                             const catalog::TagChange& change);
/// The policies that the table would come under with `tags`, as the action tag_policies answers them.
Result<boost::json::array> EncodePoliciesMeaning(catalog::Catalog& catalog, const catalog::TableRecord& table,
                                                 const std::vector<catalog::TagRecord>& tags);

/// The tags of a table, and whether something stands on each.
Result<std::vector<governance::ObjectTag>> TagsOfTable(catalog::Catalog& catalog, const TableId& table);

/// The smallest groups that a table says, by itself and by its tags.
Result<std::vector<governance::PurposeRules::Group>> GroupsFor(catalog::Catalog& catalog, const TableId& table);

/// Whether `principal` may declare `purpose`; nobody may declare one that was not granted to them. Errors:
/// kPermissionDenied, alike for one that is not there.
Result<void> CheckPurpose(catalog::Catalog& catalog, const Principal& principal, const std::string& purpose);

}  // namespace neurolake::query
