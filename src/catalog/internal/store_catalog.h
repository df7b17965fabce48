#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/internal/locations.h"
#include "catalog/internal/store_ask_records.h"
#include "catalog/internal/store_data_subjects.h"
#include "catalog/internal/store_identities.h"
#include "catalog/internal/store_semantic_models.h"

namespace neurolake::catalog {

/// The catalogue in the metadata store. Keeps nothing in memory: what one process changes the next statement of another
/// sees.
class StoreCatalog final : public Catalog {
 public:
  StoreCatalog(metastore::Store& store, const Clock& clock, std::string lake_directory)
      : store_(store),
        clock_(clock),
        ask_records_(store, lake_directory + "/questions.key"),
        locations_(std::move(lake_directory)) {}

  Result<SchemaRecord> CreateSchema(const std::string& name, bool if_not_exists, const std::string& comment) override;
  Result<void> DropSchema(const std::string& name, bool if_exists, bool cascade) override;
  Result<std::optional<SchemaRecord>> FindSchema(const std::string& name) override;
  Result<std::vector<SchemaRecord>> ListSchemas() override;

  Result<void> AddTable(const TableRecord& table) override;
  Result<void> CheckTable(const TableRecord& table) override;
  Result<void> RenameTable(const std::string& schema, const std::string& name, const std::string& new_schema,
                           const std::string& new_name) override;
  Result<void> DropTable(const std::string& schema, const std::string& name, bool if_exists) override;
  Result<std::optional<TableRecord>> FindTable(const std::string& schema, const std::string& name) override;
  Result<std::optional<TableRecord>> FindTable(const TableId& id) override;
  Result<std::vector<TableRecord>> ListTables(const std::optional<std::string>& schema) override;
  Result<void> SetTableComment(const TableId& id, const std::string& comment) override;
  Result<void> SetOwner(const std::string& relation_id, const PrincipalId& owner) override;

  Result<DroppedTable> FindDroppedTable(const std::string& schema, const std::string& name) override;
  Result<DroppedTable> FindDroppedTable(const TableId& id) override;
  Result<TableRecord> UndropTable(const TableId& id) override;
  Result<std::vector<TableRecord>> ClaimDroppedTables(WallTime before) override;
  Result<std::vector<DroppedTable>> ListDroppedTables() override;
  Result<void> ForgetDroppedTable(const TableId& id) override;
  Result<void> AddCloneSources(const TableId& clone, const std::vector<CloneSource>& sources) override;
  Result<std::vector<CloneSource>> ListCloneSources(const TableId& clone) override;
  Result<std::vector<std::pair<TableRecord, CloneSource>>> ListClonesOf(const TableRecord& source) override;
  Result<void> SaveStatistics(const TableStatistics& statistics) override;
  Result<std::vector<std::pair<TableRecord, TableStatistics>>> ListStatistics() override;
  Result<void> SavePersonalData(const TableId& table, const std::vector<PersonalDataFinding>& findings,
                                bool replaces) override;
  Result<std::vector<std::pair<TableRecord, PersonalDataFinding>>> ListPersonalData() override;
  Result<void> SetPersonalDataThreshold(const PersonalDataThreshold& threshold) override;
  Result<void> ResetPersonalDataThreshold(const std::string& subject) override;
  Result<std::vector<PersonalDataThreshold>> ListPersonalDataThresholds() override;
  Result<void> AddPersonalDataRule(const PersonalDataRule& rule, bool or_replace) override;
  Result<void> DropPersonalDataRule(const std::string& id) override;
  Result<std::vector<PersonalDataRule>> ListPersonalDataRules() override;
  Result<int64_t> RejectPersonalData(const TableId& table,
                                     const std::vector<std::pair<std::string, std::string>>& findings,
                                     const std::string& decided_by) override;

  Result<void> AddExpectation(const ExpectationRecord& expectation, bool or_replace) override;
  Result<void> DropExpectation(const TableId& table, const std::string& name) override;
  Result<std::vector<ExpectationRecord>> ListExpectations(const TableId& table) override;
  Result<std::vector<ExpectationRecord>> ListExpectationsReading(const TableId& foreign_table) override;
  Result<std::vector<std::pair<TableRecord, ExpectationRecord>>> ListExpectations() override;
  Result<void> AddExpectationResults(const std::vector<ExpectationResult>& results) override;
  Result<std::vector<ExpectationResult>> ListExpectationResults(const std::string& expectation, int64_t limit) override;
  Result<std::vector<std::pair<TableRecord, ExpectationResult>>> ListExpectationResults(int64_t limit,
                                                                                        int64_t offset) override;

  Result<void> CreateGroup(const std::string& name) override;
  Result<void> DropGroup(const std::string& name) override;
  Result<std::vector<GroupRecord>> ListGroups() override;
  Result<void> AddMember(const std::string& group, const std::string& principal_name) override;
  Result<void> RemoveMember(const std::string& group, const std::string& principal_name) override;
  using Catalog::GroupsOf;
  Result<std::vector<std::pair<std::string, std::string>>> GroupsOf(const PrincipalId& principal) override;
  Result<void> AddGrant(const GrantRecord& grant) override;
  Result<void> RemoveGrant(const GrantRecord& grant) override;
  Result<std::vector<GrantRecord>> ListGrants() override;
  Result<std::vector<GrantRecord>> GrantsOn(const std::string& relation_id) override;
  Result<void> AddFunctionGrant(const FunctionGrant& grant) override;
  Result<void> RemoveFunctionGrant(const FunctionGrant& grant) override;
  Result<std::vector<FunctionGrant>> ListFunctionGrants() override;
  Result<void> AddObjectGrant(const ObjectGrant& grant) override;
  Result<void> RemoveObjectGrant(const ObjectGrant& grant) override;
  Result<std::vector<ObjectGrant>> ListObjectGrants(const std::vector<std::string_view>& kinds) override;
  Result<void> AddDataKey(const DataKeyRecord& key) override;
  Result<void> DropDataKey(const std::string& name) override;
  Result<std::optional<DataKeyRecord>> FindDataKey(const std::string& name) override;
  Result<std::optional<DataKeyRecord>> FindDataKeyById(const std::string& id) override;
  Result<std::vector<DataKeyRecord>> ListDataKeys() override;
  Result<void> AddDataKeyVersion(const std::string& key_id, const DataKeyVersion& version) override;
  Result<void> RewrapDataKey(const std::string& key_id, const std::string& before,
                             const DataKeyVersion& after) override;
  Result<void> AddDataKeyGrant(const DataKeyGrant& grant) override;
  Result<void> RemoveDataKeyGrant(const DataKeyGrant& grant) override;
  Result<std::vector<DataKeyGrant>> ListDataKeyGrants(const std::string& key_id) override;
  Result<void> AddDataKeyTable(const std::string& key_id, const TableId& table) override;
  Result<std::vector<std::string>> NamesOfEncrypted() override;
  Result<void> RecordLookup(const DataKeyLookup& lookup, WallTime since, int64_t most) override;
  Result<std::vector<DataKeyLookup>> ListLookups(int64_t limit) override;
  Result<void> AddPolicy(const PolicyRecord& policy, bool or_replace) override;
  Result<void> DropPolicy(const TableId& table, const std::string& kind, const std::string& name) override;
  Result<void> CopyPolicies(const TableId& source, const TableId& clone) override;
  Result<std::vector<PolicyRecord>> ListPolicies(const TableId& table) override;
  Result<std::vector<std::pair<TableRecord, PolicyRecord>>> ListPolicies() override;
  void UseJudge(AccessJudge* judge) override { judge_ = judge; }
  AccessJudge* judge() override { return judge_; }
  Result<int64_t> AddPolicyBundle(const PolicyBundleRecord& bundle) override;
  Result<std::vector<PolicyBundleRecord>> ListPolicyBundles() override;
  Result<std::optional<PolicyBundleRecord>> FindPolicyBundle(int64_t version) override;
  Result<int64_t> ActivatePolicyBundle(const PolicyActivation& activation) override;
  Result<std::vector<PolicyActivation>> ListPolicyActivations(int64_t limit) override;

  Result<void> ChangeTags(const TagChange& change) override;
  Result<std::vector<TagRecord>> TagsOf(const std::string& relation_id) override;
  Result<std::vector<TagRecord>> ListTags() override;
  Result<void> CopyTags(const TableId& source, const TableId& clone) override;
  Result<void> AddTagPolicy(const TagPolicyRecord& policy, const TagPolicyOptions& options) override;
  Result<void> DropTagPolicy(const std::string& kind, const std::string& name) override;
  Result<std::vector<TagPolicyRecord>> ListTagPolicies() override;
  Result<std::vector<TagPolicyRecord>> TagPoliciesOf(const std::string& relation_id) override;
  Result<std::vector<TagRecord>> TagsMatching(const TagPattern& on, const SchemaId& schema) override;
  Result<void> CreatePurpose(const std::string& name, const std::string& comment) override;
  Result<void> DropPurpose(const std::string& name) override;
  Result<std::vector<PurposeRecord>> ListPurposes() override;
  Result<void> GrantPurpose(const PurposeGrantRecord& grant, bool granted) override;
  Result<std::vector<PurposeGrantRecord>> ListPurposeGrants(const std::string& purpose) override;
  Result<void> SetAllowedPurposes(const AllowedPurposes& allowed) override;
  Result<std::vector<AllowedPurposes>> AllowedPurposesOf(const TableId& table) override;
  Result<std::vector<AllowedPurposes>> ListAllowedPurposes() override;
  Result<void> SetMinimumGroup(const MinimumGroup& group) override;
  Result<std::vector<MinimumGroup>> MinimumGroupsOf(const TableId& table) override;
  Result<void> RequestBreakGlass(const BreakGlassRecord& request) override;
  Result<void> ApproveBreakGlass(const std::string& id, const PrincipalId& approver,
                                 const std::string& approver_name) override;
  Result<void> EndBreakGlass(const std::string& id, const std::string& ended_by) override;
  Result<std::vector<BreakGlassRecord>> ListBreakGlass() override;
  Result<std::optional<std::string>> ActiveBreakGlass(const TableId& table, const PrincipalId& principal) override;
  Result<void> ChangeAttributes(const std::string& principal_name,
                                const std::vector<std::pair<std::string, std::string>>& set,
                                const std::vector<std::string>& unset) override;
  Result<std::vector<std::pair<std::string, std::string>>> AttributesOf(const PrincipalId& principal) override;

  Result<void> CreateView(const ViewRecord& view, bool or_replace, bool if_not_exists) override;
  Result<void> DropView(const std::string& schema, const std::string& name, bool if_exists) override;
  Result<std::optional<ViewRecord>> FindView(const std::string& schema, const std::string& name) override;
  Result<std::vector<ViewRecord>> ListViews(const std::optional<std::string>& schema) override;

  Result<std::vector<PrincipalRecord>> ListPrincipals() override;
  Result<void> SetRole(const std::string& principal_name, const std::string& role) override;
  Result<void> DisablePrincipal(const std::string& principal_name) override;
  Result<void> EnablePrincipal(const std::string& principal_name) override;

  using Catalog::CreateToken;
  Result<NewToken> CreateToken(const TokenRequest& request) override;
  Result<std::vector<TokenRecord>> ListTokens() override;
  Result<void> RevokeToken(const TokenId& id) override;
  Result<Principal> Authenticate(std::string_view secret) override;
  Result<bool> HasAnyToken() override;
  Result<Principal> LocalPrincipal() override;
  Identities& identities() override { return identities_; }
  DataSubjects& data_subjects() override { return data_subjects_; }
  SemanticModels& semantic_models() override { return semantic_models_; }
  AskRecords& ask_records() override { return ask_records_; }

  Result<void> ReservePlace(const std::string& place) override;
  Result<void> AddExternalLocation(const ExternalLocation& location) override;
  Result<void> DropExternalLocation(const std::string& name) override;
  Result<std::vector<ExternalLocation>> ListExternalLocations() override;
  Result<void> AddCredential(const CredentialRecord& credential, bool or_replace) override;
  Result<void> DropCredential(const std::string& name) override;
  Result<std::vector<CredentialRecord>> ListCredentials() override;
  Result<int64_t> ChangeCredentials(const std::function<Result<void>(CredentialRecord&)>& change) override;

  Result<void> BeginStatement(const StatementRecord& record) override;
  Result<void> FinishStatement(const StatementRecord& record) override;
  Result<std::vector<StatementRecord>> ListStatements(const std::optional<std::string>& principal, int64_t limit,
                                                      int64_t offset) override;
  Result<int64_t> RecoverStatements(WallTime keep_after) override;
  Result<int64_t> ForgetStatements(WallTime keep_after) override;

  Result<void> AddLineage(const std::vector<LineageEdge>& edges) override;
  Result<std::vector<std::pair<LineagePosition, LineageEdge>>> ListLineage(const std::optional<LineagePosition>& after,
                                                                           int64_t limit) override;
  Result<int64_t> ForgetLineage(WallTime keep_after) override;
  Result<void> AddEvents(const std::vector<OutboxEvent>& events) override;
  Result<std::vector<OutboxEvent>> ListEvents(int64_t limit) override;
  Result<void> RemoveEvents(const std::vector<std::string>& ids) override;
  Result<int64_t> CountEvents() override;

 private:
  Result<std::vector<DataKeyRecord>> ReadDataKeys(const std::string& where, const std::string& value);
  Result<std::vector<TableRecord>> ReadTables(std::string_view condition, const std::vector<metastore::Value>& values);
  Result<std::vector<ViewRecord>> ReadViews(std::string_view condition, const std::vector<metastore::Value>& values);
  /// Where a table would stand in `relations`.
  struct FreePlace {
    std::string schema_id;
    std::string name;
    std::string stored;  ///< Its location.
  };
  Result<FreePlace> FindFreePlace(metastore::Session& session, const TableRecord& table);
  Result<void> InsertTable(metastore::Session& session, const TableRecord& table);
  Result<void> DropRelation(std::string_view kind, const std::string& schema, const std::string& name, bool if_exists);
  Result<void> ChangePrincipal(const std::string& name, std::string_view column, const metastore::Value& value);

  metastore::Store& store_;
  const Clock& clock_;
  StoreAskRecords ask_records_;
  const Locations locations_;
  std::string reserved_;  ///< As Locations has it; empty: nothing.
  StoreIdentities identities_{store_, clock_};
  AccessJudge* judge_ = nullptr;
  StoreDataSubjects data_subjects_{store_};
  StoreSemanticModels semantic_models_{store_};
};

}  // namespace neurolake::catalog
