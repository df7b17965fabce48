#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/data_keys.h"
#include "catalog/identity.h"
#include "catalog/lineage.h"
#include "catalog/object_grants.h"
#include "catalog/personal_data.h"
#include "catalog/policy_bundles.h"
#include "catalog/tags.h"
#include "common/clock.h"
#include "common/ids.h"
#include "common/request_context.h"
#include "common/result.h"
#include "metastore/database.h"

namespace neurolake::catalog {

class AskRecords;      // ask_records.h
class DataSubjects;    // data_subjects.h
class SemanticModels;  // semantic_models.h

struct SchemaRecord {
  SchemaId id;
  std::string name;  ///< Lower case: names compare without case.
  std::string comment;
  WallTime created;
};

struct TableRecord {
  TableId id;
  std::string schema_name;
  std::string name;
  std::string location;  ///< Absolute; for managed tables "<lake>/tables/<id>", stored relative to the lake.
  bool managed = true;
  PrincipalId owner;
  std::string comment;
  WallTime created;
  bool is_shallow_clone = false;  ///< Has clone sources, now or in an older version.
  bool has_policies = false;      ///< Policies of its own, tags that some may stand on, or rules of purposes.
  bool lake_has_grants = false;   ///< Anything was granted or denied in the lake: ask GrantsOn.
};

/// A directory beside its own in which a shallow clone's files lie.
struct CloneSource {
  TableId source;
  std::string location;  ///< Absolute.
  bool managed = true;   ///< The source's: whether `location` moves with the lake.
  std::string named;     ///< What the clone's log calls it: `location` as it was when the clone was made.
};

struct ViewRecord {
  std::string schema_name;
  std::string name;
  std::string sql;
  std::vector<std::string> column_names;
  PrincipalId owner;
  WallTime created;
  std::string id = {};           ///< Given by CreateView; stays when the view is replaced.
  bool lake_has_grants = false;  ///< As TableRecord's.
};

/// A directory of the server's file system, outside the lake, or of an object store, that an administrator lets
/// statements read from (COPY INTO) or register tables in.
struct ExternalLocation {
  std::string name;
  std::string path;  ///< Absolute, canonical, or a URL; ends in "/".
  bool may_register = false;
  WallTime created;
  std::string credential = {};  ///< Of a URL: the name of what opens it.
};

/// What opens an object store. Its secrets are sealed by whoever calls (storage::SecretBox): the catalogue never sees
/// them.
struct CredentialRecord {
  std::string name;  ///< Lower case.
  std::string kind;
  std::string source;
  std::string options = "{}";  ///< JSON object of what is no secret.
  std::string sealed;
  std::string key_id;
  WallTime created;
};

/// A table that DROP TABLE took the name from. Its files are still there.
struct DroppedTable {
  TableRecord table;
  WallTime dropped;
};

/// What ANALYZE TABLE found. `table_row` and `column_rows` are JSON: an array of values, and an array of such arrays,
/// in the order of the columns of system.table_statistics and system.column_statistics behind table, version and time.
struct TableStatistics {
  TableId table;
  int64_t version = -1;
  WallTime made;
  std::string table_row = "[]";
  std::string column_rows = "[]";
};

/// What CREATE EXPECTATION says of a table. `plan` is JSON, written and read by query/ and the engine alone.
struct ExpectationRecord {
  std::string id;
  TableId table;
  std::string name;        ///< Lower case; one of a table's.
  std::string kind;        ///< "check", "unique", "foreign key", …
  std::string definition;  ///< As people write it.
  std::string plan;
  std::string action;                    ///< "FAIL", "DROP", "QUARANTINE" or "WARN".
  std::optional<TableId> foreign_table;  ///< Read by the check; it cannot be dropped while it is.
  std::optional<TableId> quarantine;     ///< Where rows go; it cannot be dropped while they do.
  std::string created_by;
  WallTime created;
};

/// Principals with a name together. A policy goes by its id.
struct GroupRecord {
  std::string id;
  std::string name;  ///< Lower case; no principal has it.
  WallTime created;
  std::vector<std::string> members;  ///< Names of principals.
};

/// What CREATE ROW POLICY and CREATE MASK POLICY say of a table. `plan` is JSON, written and read by query/ alone.
struct PolicyRecord {
  std::string id;
  TableId table;
  std::string name;        ///< Lower case; one of a table's.
  std::string kind;        ///< "row" or "mask".
  std::string column;      ///< Of a mask: what the table's files call the column; else empty. A column has one mask.
  std::string definition;  ///< As people write it.
  std::string plan;
  std::string created_by;
  WallTime created;
};

/// What GRANT or DENY says. One of a kind, privilege and grantee on an object: the newer takes the older one's place.
struct GrantRecord {
  std::string securable_kind;  ///< "lake", "schema" or "relation".
  std::string securable_id;    ///< Of a schema, table or view; empty for the lake.
  std::string grantee_kind;    ///< "public", "user", "group" or "role".
  std::string grantee_id;      ///< Of a user or group; a role's name; else empty.
  std::string privilege;       ///< "select" or "modify".
  bool denied = false;
  std::string granted_by;
  WallTime created;
};

/// What one check found. Of a statement that failed, `version` is empty.
struct ExpectationResult {
  WallTime checked;
  TableId table;
  std::string expectation;  ///< Its id.
  std::string name;
  std::string action;
  std::optional<int64_t> version;
  int64_t rows_checked = 0;
  int64_t violations = 0;
  std::optional<double> metric;
  std::string profile;  ///< Of a distribution, JSON; else empty.
  StatementId statement;
};

/// One row of system.queries.
struct StatementRecord {
  StatementId id;
  std::string principal;
  std::string door;
  std::string request_id;
  std::string text;
  std::string fingerprint;  ///< SHA-256 of the text with literals replaced.
  std::string kind;
  std::string state;  ///< "running", "succeeded", "failed", "cancelled".
  WallTime started;
  std::optional<WallTime> ended;
  std::string tables_json = "[]";  ///< [{"table":"s.t","id":"…","version":3,"access":"read"}]
  int64_t rows_returned = 0;
  int64_t bytes_returned = 0;
  int64_t rows_scanned = 0;
  int64_t bytes_scanned = 0;
  int64_t rows_changed = -1;
  std::string stages_json = "{}";  ///< {"queue_us":…,"parse_us":…,"bind_us":…,…}
  std::string prediction_json = "{}";
  std::string error_code;
  std::string error_message;
  std::string purpose = {};         ///< What the statement was declared to be for; empty: nothing.
  std::string break_glass = {};     ///< Ids of BreakGlassRecords that it went past policies by; separated by commas.
  std::string on_behalf_of = {};    ///< Of an agent's: the name of whom it acts for.
  std::string authentication = {};  ///< As Principal's.
};

/// Names, ids, principals, tokens, locations and the statement history, in the metadata store. Thread-safe.
/// Names are compared without (ASCII) case and kept in lower case: 1 to 255 bytes of UTF-8 without control characters.
/// The schema names `system`, `information_schema`, `pg_catalog` and `temp` are reserved. A new lake has the schemas
/// `main`, `bronze`, `silver` and `gold`. Errors of every call: kInvalidArgument for a name that breaks these rules
/// (look-ups find nothing instead); kUnavailable, kReadOnly, kDiskFull, kCorruption of the store.
class Catalog : public TagCatalog, public NamedGrantCatalog, public PersonalDataThresholds, public PersonalDataRules {
 public:
  virtual Result<SchemaRecord> CreateSchema(const std::string& name, bool if_not_exists,
                                            const std::string& comment) = 0;
  /// Errors: kSchemaNotFound; kDependentObjects unless empty or `cascade` (tables are dropped, their files stay);
  /// kInvalidArgument for `main`, which stays.
  virtual Result<void> DropSchema(const std::string& name, bool if_exists, bool cascade) = 0;
  virtual Result<std::optional<SchemaRecord>> FindSchema(const std::string& name) = 0;
  virtual Result<std::vector<SchemaRecord>> ListSchemas() = 0;

  /// Reserves nothing: a name is taken when `AddTable` succeeds. A managed table without a location gets
  /// "<lake>/tables/<id>". Errors: kAlreadyExists (table or view, or the id); kSchemaNotFound; kInvalidArgument for a
  /// location that is inside, around or the same as another table's, or for one that is not managed and overlaps the
  /// lake.
  virtual Result<void> AddTable(const TableRecord& table) = 0;
  /// What AddTable would say now; adds nothing. For who is about to write files there.
  virtual Result<void> CheckTable(const TableRecord& table) = 0;
  /// The id, and with it policies, tags and data, stays. Errors: kNotFound; kSchemaNotFound; kAlreadyExists.
  virtual Result<void> RenameTable(const std::string& schema, const std::string& name, const std::string& new_schema,
                                   const std::string& new_name) = 0;
  /// Takes the name away; files stay, and UndropTable undoes it. Errors: kNotFound unless `if_exists`; kInvalidArgument
  /// for a view.
  virtual Result<void> DropTable(const std::string& schema, const std::string& name, bool if_exists) = 0;
  virtual Result<std::optional<TableRecord>> FindTable(const std::string& schema, const std::string& name) = 0;
  virtual Result<std::optional<TableRecord>> FindTable(const TableId& id) = 0;
  virtual Result<std::vector<TableRecord>> ListTables(const std::optional<std::string>& schema) = 0;
  /// What the table's log says that it is; kept here so that lists need not read logs. No error for one that is gone.
  virtual Result<void> SetTableComment(const TableId& id, const std::string& comment) = 0;
  /// Of a table or view, by its id. Errors: kNotFound.
  virtual Result<void> SetOwner(const std::string& relation_id, const PrincipalId& owner) = 0;

  /// The one of `id`, or the last one dropped under the name. Errors: kNotFound.
  virtual Result<DroppedTable> FindDroppedTable(const std::string& schema, const std::string& name) = 0;
  virtual Result<DroppedTable> FindDroppedTable(const TableId& id) = 0;
  /// Gives a dropped table its name back; id, owner and comment stay. Errors: kNotFound, also for a table that
  /// ClaimDroppedTables took; kAlreadyExists for a name that is taken; kSchemaNotFound; kInvalidArgument where another
  /// table took its place meanwhile.
  virtual Result<TableRecord> UndropTable(const TableId& id) = 0;
  /// Newest first, without those that ClaimDroppedTables took.
  virtual Result<std::vector<DroppedTable>> ListDroppedTables() = 0;
  /// Takes the tables dropped before `before`, so that they cannot come back any more, and answers them with all that
  /// were taken earlier and not forgotten since: their files may be deleted.
  virtual Result<std::vector<TableRecord>> ClaimDroppedTables(WallTime before) = 0;
  /// Makes it final. No error if it is not there any more.
  virtual Result<void> ForgetDroppedTable(const TableId& id) = 0;

  /// Notes what a clone is made from, before its log says so: from then on the source's files are kept for it, until
  /// the clone is dropped for good.
  virtual Result<void> AddCloneSources(const TableId& clone, const std::vector<CloneSource>& sources) = 0;
  virtual Result<std::vector<CloneSource>> ListCloneSources(const TableId& clone) = 0;
  /// Tables, dropped ones that can come back too, with files below the directory of `source`: those and what their logs
  /// call that directory. Of those that are being made, without name and location.
  virtual Result<std::vector<std::pair<TableRecord, CloneSource>>> ListClonesOf(const TableRecord& source) = 0;

  /// Replaces what was known. Errors: kNotFound for a table that is not there; kConflict for a version from before
  /// values were encrypted or erased (DataSubjects::RaiseStatisticsFloor).
  virtual Result<void> SaveStatistics(const TableStatistics& statistics) = 0;
  /// Of tables that have a name.
  virtual Result<std::vector<std::pair<TableRecord, TableStatistics>>> ListStatistics() = 0;

  /// Keeps what a scan of a table found. A finding known before is brought up to date and keeps its state; one whose
  /// tag the column has is accepted. With `replaces` proposals that the scan did not find again are taken away; what
  /// was accepted or rejected stays. Errors: kNotFound.
  virtual Result<void> SavePersonalData(const TableId& table, const std::vector<PersonalDataFinding>& findings,
                                        bool replaces) = 0;
  /// Of all tables that are there, by table, column and entity.
  virtual Result<std::vector<std::pair<TableRecord, PersonalDataFinding>>> ListPersonalData() = 0;

  /// `or_replace`: in the place of one of the same name. Errors: kAlreadyExists; kNotFound for a table that is not
  /// there; kInvalidArgument for a table that has kExpectationsMax of them.
  static constexpr int64_t kExpectationsMax = 100;
  virtual Result<void> AddExpectation(const ExpectationRecord& expectation, bool or_replace) = 0;
  /// Its results stay. Errors: kNotFound.
  virtual Result<void> DropExpectation(const TableId& table, const std::string& name) = 0;
  /// Those of one table, or those that read it as their foreign table, by name.
  virtual Result<std::vector<ExpectationRecord>> ListExpectations(const TableId& table) = 0;
  virtual Result<std::vector<ExpectationRecord>> ListExpectationsReading(const TableId& foreign_table) = 0;
  /// Of all tables that have a name, with these.
  virtual Result<std::vector<std::pair<TableRecord, ExpectationRecord>>> ListExpectations() = 0;
  /// Forgets the oldest when a table has more than kExpectationResultsMax.
  static constexpr int64_t kExpectationResultsMax = 100'000;
  virtual Result<void> AddExpectationResults(const std::vector<ExpectationResult>& results) = 0;
  /// The newest `limit` of an expectation that belong to a version, newest first.
  virtual Result<std::vector<ExpectationResult>> ListExpectationResults(const std::string& expectation,
                                                                        int64_t limit) = 0;
  /// Of all tables that have a name, newest first.
  virtual Result<std::vector<std::pair<TableRecord, ExpectationResult>>> ListExpectationResults(int64_t limit,
                                                                                                int64_t offset) = 0;

  /// Errors: kAlreadyExists for the name of a group or principal.
  virtual Result<void> CreateGroup(const std::string& name) = 0;
  /// Its members stay principals. Errors: kNotFound; kDependentObjects while a policy names it.
  virtual Result<void> DropGroup(const std::string& name) = 0;
  virtual Result<std::vector<GroupRecord>> ListGroups() = 0;
  /// Effective with the member's next statement. Errors: kNotFound for the group or the principal.
  virtual Result<void> AddMember(const std::string& group, const std::string& principal_name) = 0;
  virtual Result<void> RemoveMember(const std::string& group, const std::string& principal_name) = 0;
  /// (id, name) of each.
  virtual Result<std::vector<std::pair<std::string, std::string>>> GroupsOf(const PrincipalId& principal) = 0;
  /// The same, and those that an identity provider says it is in.
  Result<std::vector<std::pair<std::string, std::string>>> GroupsOf(const Principal& principal);

  virtual Result<void> AddGrant(const GrantRecord& grant) = 0;
  /// GRANT and DENY alike; no error where there is none.
  virtual Result<void> RemoveGrant(const GrantRecord& grant) = 0;
  virtual Result<std::vector<GrantRecord>> ListGrants() = 0;
  /// Those on a table or view, on its schema and on the lake.
  virtual Result<std::vector<GrantRecord>> GrantsOn(const std::string& relation_id) = 0;

  /// With its first version. Errors: kAlreadyExists.
  virtual Result<void> AddDataKey(const DataKeyRecord& key) = 0;
  /// With what was granted on it. Errors: kNotFound; kDependentObjects while a policy needs it, or a table that has
  /// values encrypted with it, also one that was dropped and can come back.
  virtual Result<void> DropDataKey(const std::string& name) = 0;
  virtual Result<std::optional<DataKeyRecord>> FindDataKey(const std::string& name) = 0;
  virtual Result<std::optional<DataKeyRecord>> FindDataKeyById(const std::string& id) = 0;
  /// By name.
  virtual Result<std::vector<DataKeyRecord>> ListDataKeys() = 0;
  /// Errors: kNotFound for the key; kConflict unless `version` is the one after the last.
  virtual Result<void> AddDataKeyVersion(const std::string& key_id, const DataKeyVersion& version) = 0;
  /// Puts another wrapping in the place of `before`. Errors: kConflict when it is not that any more.
  virtual Result<void> RewrapDataKey(const std::string& key_id, const std::string& before,
                                     const DataKeyVersion& after) = 0;
  /// One of a key, privilege and grantee: the newer takes the older one's place. Errors: kNotFound for the key.
  virtual Result<void> AddDataKeyGrant(const DataKeyGrant& grant) = 0;
  virtual Result<void> RemoveDataKeyGrant(const DataKeyGrant& grant) = 0;
  /// Of one key, or of all: `key_id` empty.
  virtual Result<std::vector<DataKeyGrant>> ListDataKeyGrants(const std::string& key_id) = 0;
  /// That the table has a column, or had one, that is encrypted with the key; before the first value is.
  /// Errors: kNotFound for the key.
  virtual Result<void> AddDataKeyTable(const std::string& key_id, const TableId& table) = 0;
  /// Names, in lower case, that a statement reaches encrypted columns by: tables of AddDataKeyTable, and all views
  /// while there are any. Each once.
  virtual Result<std::vector<std::string>> NamesOfEncrypted() = 0;
  /// Puts it on record, unless the principal has `most` of them since `since` already, in whatever process: counted and
  /// written in one transaction. Errors: kTooManyRequests.
  virtual Result<void> RecordLookup(const DataKeyLookup& lookup, WallTime since, int64_t most) = 0;
  /// The newest first.
  virtual Result<std::vector<DataKeyLookup>> ListLookups(int64_t limit) = 0;

  /// `or_replace`: in the place of the table's policy of that name. Errors: kAlreadyExists, also for a second mask of a
  /// column; kNotFound for a table that is not there; kInvalidArgument for one that has kPoliciesMax.
  static constexpr int64_t kPoliciesMax = 100;
  virtual Result<void> AddPolicy(const PolicyRecord& policy, bool or_replace) = 0;
  /// Errors: kNotFound.
  virtual Result<void> DropPolicy(const TableId& table, const std::string& kind, const std::string& name) = 0;
  /// For a clone, which keeps what its source's files call the columns: the source's policies for a table that gets its
  /// name later and has none yet.
  virtual Result<void> CopyPolicies(const TableId& source, const TableId& clone) = 0;
  /// By name.
  virtual Result<std::vector<PolicyRecord>> ListPolicies(const TableId& table) = 0;
  /// Of all tables that have a name, with these.
  virtual Result<std::vector<std::pair<TableRecord, PolicyRecord>>> ListPolicies() = 0;

  /// Borrows it; before the first statement.
  virtual void UseJudge(AccessJudge* judge) = 0;
  virtual AccessJudge* judge() = 0;  ///< Null: what was granted decides alone.
  /// Returns its version: that of an equal bundle (by digest), if there is one.
  virtual Result<int64_t> AddPolicyBundle(const PolicyBundleRecord& bundle) = 0;
  /// Newest first, without their files.
  virtual Result<std::vector<PolicyBundleRecord>> ListPolicyBundles() = 0;
  virtual Result<std::optional<PolicyBundleRecord>> FindPolicyBundle(int64_t version) = 0;
  /// Begins an epoch, in which the bundle `version`, older ones too, or none decides. Returns it. Errors: kNotFound.
  virtual Result<int64_t> ActivatePolicyBundle(const PolicyActivation& activation) = 0;
  /// Newest first: the first is in force.
  virtual Result<std::vector<PolicyActivation>> ListPolicyActivations(int64_t limit) = 0;

  /// Replacing keeps the view's id and takes the new record's owner: its text is theirs now. Errors: kAlreadyExists
  /// (also for a table of that name, whatever the options); kSchemaNotFound.
  virtual Result<void> CreateView(const ViewRecord& view, bool or_replace, bool if_not_exists) = 0;
  virtual Result<void> DropView(const std::string& schema, const std::string& name, bool if_exists) = 0;
  virtual Result<std::optional<ViewRecord>> FindView(const std::string& schema, const std::string& name) = 0;
  virtual Result<std::vector<ViewRecord>> ListViews(const std::optional<std::string>& schema) = 0;

  virtual Result<std::vector<PrincipalRecord>> ListPrincipals() = 0;
  /// Effective with the principal's next `Authenticate`, as are the two below. Errors: kNotFound; kInvalidArgument for
  /// an unknown role and for "local", which stays an administrator.
  virtual Result<void> SetRole(const std::string& principal_name, const std::string& role) = 0;
  virtual Result<void> DisablePrincipal(const std::string& principal_name) = 0;
  virtual Result<void> EnablePrincipal(const std::string& principal_name) = 0;

  /// Makes the principal if it is new. The secret ("nl_" and 43 characters) is returned once and only its hash kept.
  /// Errors: kInvalidArgument when the principal has another role (see SetRole) or is disabled, or `expires` has
  /// passed.
  struct NewToken {
    TokenRecord record;
    std::string secret;
  };
  struct TokenRequest {
    std::string principal;
    std::string role;
    std::string name;
    std::optional<WallTime> expires = std::nullopt;
    /// "read", "write", "create", "admin", "audit", "ask": what of its role's rights the token has; empty: all of them.
    /// "audit" alone: it reads the audit log, and knows of no schema. "ask" alone: it asks, and does not read.
    std::vector<std::string> scopes = {};
    /// The token reads and writes what is in these, and nothing else; empty: no limit.
    std::vector<std::string> schemas = {};
  };
  virtual Result<NewToken> CreateToken(const TokenRequest& request) = 0;
  Result<NewToken> CreateToken(const std::string& principal_name, const std::string& role,
                               const std::string& token_name, std::optional<WallTime> expires) {
    return CreateToken({.principal = principal_name, .role = role, .name = token_name, .expires = expires});
  }
  virtual Result<std::vector<TokenRecord>> ListTokens() = 0;
  /// Final, and effective with the next `Authenticate` in whatever process; again is no error. Errors: kNotFound.
  virtual Result<void> RevokeToken(const TokenId& id) = 0;
  /// Errors: kUnauthenticated with one text for every reason. Constant-time comparison of hashes. Nothing is cached:
  /// one indexed read, tens of microseconds on SQLite, one round trip on PostgreSQL.
  virtual Result<Principal> Authenticate(std::string_view secret) = 0;
  /// Also counts revoked and expired ones: true once a lake was set up.
  virtual Result<bool> HasAnyToken() = 0;
  /// The principal that works on the lake's directory without a server: "local", an administrator.
  virtual Result<Principal> LocalPrincipal() = 0;
  /// Kinds of principals, passwords, sessions, identities elsewhere.
  virtual Identities& identities() = 0;

  /// From now on no external location is made inside or around `place`, the only one. Before the first statement.
  /// Errors: kInvalidArgument where there is one, or the lake.
  virtual Result<void> ReservePlace(const std::string& place) = 0;
  /// Errors: kAlreadyExists (name or path); kInvalidArgument for a path that is not absolute and normal, or is inside
  /// or around the lake: reading the lake's own files would go past every policy; for a URL without a credential, or a
  /// path with one; kNotFound for a credential that is not there.
  virtual Result<void> AddExternalLocation(const ExternalLocation& location) = 0;
  virtual Result<void> DropExternalLocation(const std::string& name) = 0;
  virtual Result<std::vector<ExternalLocation>> ListExternalLocations() = 0;

  /// `or_replace` keeps the locations that name it. Errors: kAlreadyExists.
  virtual Result<void> AddCredential(const CredentialRecord& credential, bool or_replace) = 0;
  /// Errors: kNotFound; kDependentObjects while a location names it.
  virtual Result<void> DropCredential(const std::string& name) = 0;
  virtual Result<std::vector<CredentialRecord>> ListCredentials() = 0;
  /// Puts `change` of each credential in its place, all of them or, with its first error, none. Returns how many.
  virtual Result<int64_t> ChangeCredentials(const std::function<Result<void>(CredentialRecord&)>& change) = 0;

  /// The attempt is stored before the statement runs; `FinishStatement` completes it (and stores it all if the attempt
  /// is missing). Both survive the death of the process; the last moments may be lost with the machine's power. Tens of
  /// microseconds on SQLite. Bytes that are not UTF-8 are kept as U+FFFD.
  virtual Result<void> BeginStatement(const StatementRecord& record) = 0;
  virtual Result<void> FinishStatement(const StatementRecord& record) = 0;
  /// Newest first. `principal` limits to one person's.
  virtual Result<std::vector<StatementRecord>> ListStatements(const std::optional<std::string>& principal,
                                                              int64_t limit, int64_t offset) = 0;
  /// Marks statements left "running" by a server that died as failed with CommitUnknown; forgets those started before
  /// `keep_after`. Returns how many were marked. At start only: no other server may run on the store.
  virtual Result<int64_t> RecoverStatements(WallTime keep_after) = 0;
  /// Retention while running: forgets ended statements started before `keep_after`, a few thousand at a time. Returns
  /// how many.
  virtual Result<int64_t> ForgetStatements(WallTime keep_after) = 0;

  /// Keeps the edges of one statement; again with the same ones is no error. As durable as FinishStatement.
  virtual Result<void> AddLineage(const std::vector<LineageEdge>& edges) = 0;
  /// Newest first, each with its position; those behind `after`.
  virtual Result<std::vector<std::pair<LineagePosition, LineageEdge>>> ListLineage(
      const std::optional<LineagePosition>& after, int64_t limit) = 0;
  /// As ForgetStatements.
  virtual Result<int64_t> ForgetLineage(WallTime keep_after) = 0;

  /// The outbox of events: what is added stays until it is removed, also over a restart. Idempotent, all three.
  virtual Result<void> AddEvents(const std::vector<OutboxEvent>& events) = 0;
  /// Oldest first.
  virtual Result<std::vector<OutboxEvent>> ListEvents(int64_t limit) = 0;
  virtual Result<void> RemoveEvents(const std::vector<std::string>& ids) = 0;
  virtual Result<int64_t> CountEvents() = 0;
  /// Whom tables tell of, and who was forgotten.
  virtual DataSubjects& data_subjects() = 0;
  virtual SemanticModels& semantic_models() = 0;
  /// What was asked in plain language (catalog/ask_records.h).
  virtual AskRecords& ask_records() = 0;
};

/// `lake_directory` is absolute. Borrows `store` and `clock`.
std::unique_ptr<Catalog> NewCatalog(metastore::Store& store, const Clock& clock, std::string lake_directory);

}  // namespace neurolake::catalog
