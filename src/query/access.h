#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"
#include "query/judged_access.h"

namespace neurolake::query {

enum class Privilege : uint8_t { kSelect, kModify };
/// "select", "modify".
std::string_view NameOf(Privilege privilege);

/// SELECT on one column, as it is kept: this, and what the table's files call the column.
inline constexpr std::string_view kSelectColumn = "select:";

/// Whether the principal, or whom it acts for, has nothing but what was granted to it, or a token for some schemas: no
/// place outside the lake either, as none can be granted.
bool HasGrantsAlone(const Principal& principal);

/// Which tables and views a principal may know of, and what it may do to each. A role's rights hold for the whole lake,
/// but for the roles "member" and "auditor", which have nothing that was not granted to them. What was denied, on an
/// object, its schema or the lake, to the principal, a group, its role or everybody, is not allowed, whatever else was
/// granted. A table or view of which nothing is allowed is answered like one that is not there. The catalogue's
/// judge, if it has one, may take away what is left, from every role. Reads the metadata store, and keeps what it has
/// read for one statement at most, its own life; a lake without grants costs no read.
/// An agent may do what it and whom it acts for may both; a token that is limited to schemas knows of nothing outside
/// them.
/// Source: docs/security.md, "Privileges".
class Access {
 public:
  /// Borrows both.
  Access(catalog::Catalog& catalog, const RequestContext& ctx)
      : catalog_(catalog), principal_(ctx.principal()), judged_(catalog, ctx) {}

  Result<bool> May(Privilege privilege, const catalog::TableRecord& table);
  Result<bool> May(Privilege privilege, const catalog::ViewRecord& view);
  /// Columns that were granted or denied by themselves, by what the table's files call them.
  struct ColumnRights {
    std::vector<std::string> granted;
    std::vector<std::string> denied;
  };
  Result<ColumnRights> Columns(const catalog::TableRecord& table);
  /// Whether anything is allowed.
  Result<bool> Knows(const catalog::TableRecord& table);
  Result<bool> Knows(const catalog::ViewRecord& view);
  /// Whether the schema, or anything in it, is known.
  Result<bool> KnowsSchema(const catalog::SchemaRecord& schema);

  // As the catalogue's, without what the principal may not know of.
  Result<std::vector<catalog::SchemaRecord>> Schemas();
  Result<std::vector<catalog::TableRecord>> Tables(const std::optional<std::string>& schema);
  Result<std::vector<catalog::ViewRecord>> Views(const std::optional<std::string>& schema);
  /// Before many questions: reads what was granted at once, instead of with each of them.
  Result<void> LoadGrants();

 private:
  struct Object {
    std::string_view kind;
    const std::string& id;
    const std::string& schema_name;
    const std::string& name;
    const PrincipalId& owner;
    bool lake_has_grants;
  };
  Result<std::vector<catalog::GrantRecord>> GrantsOn(const Object& object);
  using Groups = std::optional<std::vector<std::pair<std::string, std::string>>>;
  Result<bool> MayUse(Privilege privilege, const Object& object);
  static Object ObjectOf(const catalog::TableRecord& table) {
    return {"table", table.id.value(), table.schema_name, table.name, table.owner, table.lake_has_grants};
  }
  Result<bool> MayUseAs(const Principal& principal, Groups& groups, Privilege privilege, const Object& object);
  /// Whether the judge lets it be done.
  Result<bool> IsJudged(Privilege privilege, const Object& object);
  Result<ColumnRights> ColumnsOfBoth(const Object& object);
  Result<ColumnRights> ColumnsAs(const Principal& principal, Groups& groups, const Object& object);
  Result<bool> IsNamed(const Principal& principal, Groups& groups, const catalog::GrantRecord& grant);

  catalog::Catalog& catalog_;
  const Principal& principal_;
  JudgedAccess judged_;
  Groups groups_;
  Groups behalf_groups_;                                     ///< Of whom an agent acts for.
  std::optional<std::vector<catalog::GrantRecord>> grants_;  ///< All of the lake, with `schema_ids_` by name.
  std::map<std::string, std::string> schema_ids_;
};

}  // namespace neurolake::query
