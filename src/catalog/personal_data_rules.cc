// Rules that accept findings of personal data, and what was rejected, in the metadata store.
#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {

using metastore::Row;
using metastore::Session;

Result<void> StoreCatalog::AddPersonalDataRule(const PersonalDataRule& rule, bool or_replace) {
  NL_ASSIGN_OR_RETURN(const auto name, CheckedName("rule", rule.name));
  return store_.Write([&](Session& session) -> Result<void> {
    // Here and not before it: by then the name may be a rule's of somebody else, who manages the lake changes alone.
    if (or_replace && rule.of_others) {
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM pii_rules WHERE name = ?", {name}));
    } else if (or_replace) {
      NL_RETURN_IF_ERROR(
          session.Execute("DELETE FROM pii_rules WHERE name = ? AND owner = ?", {name, rule.owner.value()}));
    }
    NL_ASSIGN_OR_RETURN(const auto known, session.Query("SELECT 1 FROM pii_rules WHERE name = ?", {name}));
    if (!known.empty()) {
      return MakeError(ErrorCode::kAlreadyExists, "there is a rule for personal data of this name: {}", name);
    }
    NL_ASSIGN_OR_RETURN(const auto count, session.Query("SELECT count(*) FROM pii_rules"));
    if (NumberAt(count.at(0), 0) >= kPersonalDataRulesMax) {
      return MakeError(ErrorCode::kInvalidArgument, "a lake has at most {} rules for personal data",
                       kPersonalDataRulesMax);
    }
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO pii_rules (id, name, entities, schema_id, threshold, owner, of_others, created) "
                        "VALUES (?, ?, ?, ?, "
                        "?, ?, ?, ?)",
                        {rule.id, name, rule.entities, rule.schema.value(), rule.threshold, rule.owner.value(),
                         int64_t{rule.of_others ? 1 : 0}, ToValue(rule.created)}));
    return {};
  });
}

Result<void> StoreCatalog::DropPersonalDataRule(const std::string& id) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto dropped, session.Execute("DELETE FROM pii_rules WHERE id = ?", {id}));
    if (dropped > 0) return {};
    return MakeError(ErrorCode::kNotFound, "the rule for personal data is not there any more");
  });
}

Result<std::vector<PersonalDataRule>> StoreCatalog::ListPersonalDataRules() {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(
          "SELECT id, name, entities, schema_id, threshold, owner, of_others, created FROM pii_rules ORDER BY name"));
  std::vector<PersonalDataRule> rules;
  for (const Row& row : rows) {
    rules.push_back({.id = TextAt(row, 0),
                     .name = TextAt(row, 1),
                     .entities = TextAt(row, 2),
                     .schema = SchemaId(TextAt(row, 3)),
                     .threshold = std::get<double>(row.at(4)),
                     .owner = PrincipalId(TextAt(row, 5)),
                     .of_others = NumberAt(row, 6) != 0,
                     .created = TimeAt(row, 7)});
  }
  return rules;
}

Result<int64_t> StoreCatalog::RejectPersonalData(const TableId& table,
                                                 const std::vector<std::pair<std::string, std::string>>& findings,
                                                 const std::string& decided_by) {
  int64_t rejected = 0;
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    rejected = 0;
    for (const auto& [column, entity] : findings) {
      NL_ASSIGN_OR_RETURN(
          const int64_t changed,
          session.Execute("UPDATE pii_findings SET state = 'rejected', decided_by = ? WHERE table_id = ? AND column_id "
                          "= ? AND entity = ? AND state = 'proposed'",
                          {metastore::MakeStorable(decided_by), table.value(), metastore::MakeStorable(column),
                           metastore::MakeStorable(entity)}));
      rejected += changed;
    }
    return {};
  }));
  return rejected;
}

}  // namespace neurolake::catalog
