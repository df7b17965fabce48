#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "governance/tag_rules.h"
#include "query/access.h"
#include "query/append_groups.h"
#include "query/audit_reader.h"
#include "query/lineage_reader.h"
#include "query/messages.h"
#include "query/server_actions.h"
#include "query/shown_tables.h"
#include "query/statement_effects.h"
#include "storage/object_store.h"

namespace neurolake::query {

struct ErasureInProgress;
class KeyStore;
class LocationStores;
class RunningStatements;

/// What the commit of a group of INSERTs says, and the one table that it may touch.
struct GroupCommit {
  TableId table;
  std::string user_name;
  std::vector<std::string> statement_ids;
  std::vector<std::string> expectations = {};  ///< What each of them found, as AppendedRows has it.
};

/// What the server answers a worker with during one statement: names as the principal may see them, and commits.
/// The worker ran somebody's SQL, so nothing it says is believed: rights are checked here, locations come from the
/// catalogue, and the actions of a commit are looked at before they are published.
/// For one statement's thread.
class ProviderServer {
 public:
  /// Borrows all of them for the statement's time.
  ProviderServer(const RequestContext& ctx, catalog::Catalog& catalog, storage::ObjectStore& store,
                 const RunningStatements& running, std::string statement_id, std::string tables_directory,
                 const MaintenancePolicy& policy = {}, LocationStores* locations = nullptr)
      : ctx_(ctx),
        catalog_(catalog),
        store_(store),
        running_(running),
        statement_id_(std::move(statement_id)),
        tables_directory_(std::move(tables_directory)),
        policy_(policy),
        locations_(locations),
        lineage_(ctx, catalog),
        access_(catalog, ctx) {}

  ~ProviderServer() { ReleaseLane(); }

  /// From now on policies may name keys. Borrows it.
  void UseKeys(KeyStore& keys) { keys_ = &keys; }
  /// The models that privileges may be given on. Borrows them.
  void UseModels(const std::vector<std::string>& names) { models_ = &names; }
  /// From now on small INSERTs may hand their rows over. Borrows it.
  void UseAppendGroups(AppendGroups& groups) { append_groups_ = &groups; }
  /// From now on system.audit can be read, and changes of rights are recorded there. Borrows it.
  void UseAudit(AuditTrail& trail) {
    trail_ = &trail;
    audit_.emplace(ctx_, trail);
  }
  /// From now on whatever a call changes, or hands out, waits for `may`, and is not done where that fails.
  void BeforeEffect(std::function<Result<void>()> may) { before_effect_ = std::move(may); }
  /// From now on this is the writer of a group, which may look up and write to its table alone.
  void ServeGroup(GroupCommit group) { group_ = std::move(group); }
  /// From now on nothing may be changed, nor asked for that a statement which reads does not need.
  void LookOnly() { looks_only_ = true; }
  /// The same for a caller who might manage the lake: what is granted and set may be shown to them, and not changed.
  void ShowAs(Principal manager) {
    shows_as_.emplace(std::move(manager), ctx_.request_id(), ctx_.door(), ctx_.clock(), ctx_.deadline(),
                      ctx_.stop_token());
  }
  /// From now on the statement's commit has to have this transaction, and no rows may be handed over.
  void RequireTransaction(ApplicationVersion transaction) { transaction_ = std::move(transaction); }
  /// Rows that the statement handed over; they are nowhere yet.
  bool has_append() const { return append_.has_value(); }
  std::optional<AppendedRows> TakeAppend() { return std::exchange(append_, std::nullopt); }
  /// The statement writes to its table no longer: others need not wait for it.
  void ReleaseLane();

  /// A kCall payload to a kReply payload; failures are replies too.
  std::string Handle(std::string_view call);
  /// The version this statement published, if it did.
  std::optional<int64_t> committed_version() const { return committed_version_; }
  /// Set if it may have published one: nobody could find out.
  const std::optional<Error>& commit_in_doubt() const { return commit_in_doubt_; }
  const StatementEffects& effects() const { return effects_; }
  /// Whether of any table that the statement found the principal sees a part only.
  bool ShowsAPart() const { return shows_a_part_; }
  /// The row and mask policies that hold for the principal on the tables that the statement found.
  const std::vector<audit::AuditedPolicy>& deciding_policies() const { return deciding_policies_; }
  /// Whether the principal may still see what the statement was told of its tables; looks from time to time. For
  /// each batch of rows on its way out. Errors: kPermissionDenied when a privilege, policy or group has changed.
  Result<void> CheckStillShown();
  /// What the principal was shown of each table that the statement found.
  ShownTables shown_tables() const {
    return {.policies = shown_, .names = effects_.found, .purpose = ctx_.principal().purpose, .since = began_};
  }
  /// What the worker says that a write, or a view, is made of.
  void NoteLineage(std::string_view payload);
  /// The rows the statement handed over are in this version.
  void NoteGroupPublication(const TableId& table, int64_t version) {
    effects_.published.push_back({.table = table, .name = effects_.found[table], .version = version});
  }

 private:
  void NoteShown(const TableId& table, const ShownPolicy& shown);
  void NotePolicies(const TableId& table, const plan::TablePolicy& shown);
  /// Puts on record that the statement sees a table past its policies, before it does.
  Result<void> NoteBreakGlass(const catalog::TableRecord& table);
  /// With the keys that its expressions name, open, or with what hinders.
  Result<ShownPolicy> WithKeys(ShownPolicy shown);
  /// Whether a table that the statement found may be changed by its principal: before a write is answered without a
  /// commit.
  Result<boost::json::value> MayModify(const boost::json::object& arguments);

  /// Before rows are published: the target gets the tags of what they are made of. What fails afterwards leaves it with
  /// more tags than it needs. `schema_string` is the target's new one, if it gets one. Errors: kPermissionDenied where
  /// two values of a tag would meet, or lineage is not known and policies stand on a source's tags.
  Result<void> CarryTags(const TableId& target, const std::string& name, const std::string& schema_string);
  /// The same of a view, for who asks what its columns are.
  Result<void> TagView(const std::string& schema, const std::string& name);
  Result<std::map<TableId, std::vector<governance::ObjectTag>>> TagsOfFound();
  Result<void> AddInherited(const std::string& relation, const std::vector<governance::ObjectTag>& tags);

  Result<boost::json::value> Dispatch(std::string_view payload);
  Result<boost::json::value> FindTable(const boost::json::object& arguments);
  Result<boost::json::value> FindView(const boost::json::object& arguments);
  Result<boost::json::value> ListRelations(const boost::json::object& arguments);
  Result<boost::json::value> ChangeName(const boost::json::object& arguments);
  /// Whether there is anything to do, for this principal. A protected table is dropped by those alone who look after
  /// its policies, one that may not be changed by nobody, and what may not be known is not there. Errors:
  /// kPermissionDenied; kNotFound; kAlreadyExists.
  Result<bool> IsToChange(const engine::duckdb::NameChange& change);
  Result<bool> MayChange(const engine::duckdb::NameChange& change);
  Result<void> CheckMayDropAll(const std::string& schema);
  /// A policy by tag that holds for a schema would be left behind.
  Result<void> CheckMayLeaveSchema(const catalog::TableRecord& table);
  Result<boost::json::value> PrepareTable(const boost::json::object& arguments);
  Result<boost::json::value> Commit(const boost::json::object& arguments);
  Result<boost::json::value> MayAppend(const boost::json::object& arguments);
  Result<boost::json::value> Append(const boost::json::object& arguments,
                                    std::span<const std::string_view> attachments);
  Result<boost::json::value> ChangeLocation(const boost::json::object& arguments, bool create);
  Result<void> CheckLocation(const std::string& location) const;
  Result<boost::json::value> Maintain(const boost::json::object& arguments);
  Result<boost::json::value> Erase(const std::string& action, const boost::json::object& arguments);
  /// Whether the statement has somebody forgotten whose rows are in the table, or looks what that would be: it sees it
  /// as a whole.
  bool SeesForErasure(const TableId& table) const;
  /// The same, and it changes it as a whole.
  bool Erases(const TableId& table) const;
  /// Before a change of who may see and do what. Errors: those of the audit log; it must not be made then.
  Result<void> AuditChange(std::string_view action, const boost::json::object& arguments);
  /// Lets the statement make a table that it prepared a shallow clone of one that it found.
  Result<boost::json::value> MakeShallowClone(const boost::json::object& arguments);
  /// Has a clone to come protected as its source is, before it has a name.
  Result<boost::json::value> CopyPolicies(const boost::json::object& arguments);
  Result<void> CopyPolicies(const TableId& clone, const catalog::TableRecord& source);
  /// Which files of a table VACUUM has to keep for its clones.
  Result<boost::json::value> FindClones(const boost::json::object& arguments);
  /// Whether the files outside of a clone's directory that a commit names are its own.
  Result<void> CheckForeignFiles(const engine::duckdb::TableEntry& table,
                                 const tables::delta::CommitRequest& request) const;
  /// The version of a table that a shallow clone is made of.
  struct CloneSource {
    std::string location;
    bool managed = false;
    int64_t version = 0;
  };
  /// Whether a VACUUM may have deleted files of it by now. Errors: kConflict while one is under way.
  Result<bool> MayMissFiles(const CloneSource& source) const;
  /// Whether the files at `paths` are there, where they may be missing. To be asked after the clone's list is written:
  /// a VACUUM that begins then finds it, one that has begun is seen.
  Result<void> CheckCloneIsWhole(const engine::duckdb::TableEntry& clone, const CloneSource& source,
                                 const std::vector<std::string>& paths) const;
  /// What opens the object store of a URL, if this statement may go there.
  Result<boost::json::value> OpenStoreOf(const boost::json::object& arguments);
  /// Where in the file system or in an object store LOCATION is, in one spelling.
  Result<std::string> PlaceOf(const std::string& location) const;
  /// Whether the principal may change what the commit changes of the table besides rows, judged by the log: what the
  /// worker says that it read is replaced by what is there.
  Result<void> CheckDefinition(tables::delta::CommitRequest& request) const;
  /// Whether a commit is one that the writer of a group may make.
  Result<void> CheckGroupCommit(const engine::duckdb::LakeCommit& commit) const;
  /// Whether a commit has the transaction that the request asks for, once, and none of another application: who reads
  /// the log believes them.
  Result<void> CheckTransactions(const engine::duckdb::LakeCommit& commit) const;
  Result<void> CheckActions(const tables::delta::CommitRequest& request, const engine::duckdb::TableEntry& table) const;
  /// Where the commit encrypts a column, what is kept of the values of versions before its own goes, and nothing of
  /// them is kept until SettleStatistics. The name of the hold; empty: it encrypts none.
  Result<std::string> HoldClearStatistics(const engine::duckdb::LakeCommit& commit);
  /// From now on nothing is kept of the versions before the one that was committed; where none was, for sure, all is.
  /// Where nobody knows, the hold stays, for all versions that there are.
  void SettleStatistics(const engine::duckdb::LakeCommit& commit, const std::string& hold,
                        const Result<tables::delta::CommitOutcome>& committed);
  /// Makes the version, and before it the list of a shallow clone's files.
  Result<tables::delta::CommitOutcome> Publish(const engine::duckdb::LakeCommit& commit);
  /// Whether the commit may be made at all; fills in what the server knows better, and tells what it would publish.
  Result<StatementEffects::Publication> JudgeCommit(engine::duckdb::LakeCommit& commit);
  /// The name of a new table. If there is none and the version was `published`, either that is undone or the error is
  /// kCommitUnknown, after which the files stay.
  Result<void> AddName(const engine::duckdb::TableEntry& table, bool published);
  /// The same as the statement sees it: false if IF NOT EXISTS met a table that somebody made meanwhile, and nothing is
  /// left of the own one. Errors: kConflict where OR REPLACE did.
  Result<bool> AddNameAsAsked(const TableId& id, bool published);
  /// Keeps what the log says of a table in the catalogue, too. Without it a list lacks a comment, nothing else.
  void NoteComment(const engine::duckdb::LakeCommit& commit);
  /// From now on the statement has nothing to do with it but what it has with any table.
  void ForgetPrepared(const TableId& id);
  Result<void> Require(Right right) const;
  Result<void> RequireModify(const catalog::TableRecord& table);
  /// CREATE OR REPLACE, when it begins and again when it commits.
  Result<void> CheckMayReplace(const catalog::TableRecord& table);
  /// What is said of a call that no worker of ours makes.
  static std::unexpected<Error> Refused(std::string_view what);

  const RequestContext& ctx_;
  catalog::Catalog& catalog_;
  storage::ObjectStore& store_;
  const RunningStatements& running_;
  const std::string statement_id_;
  const std::string tables_directory_;
  const MaintenancePolicy policy_;
  const std::vector<std::string>* models_ = nullptr;
  LocationStores* const locations_;
  std::set<std::string> found_;  ///< Locations of tables that were found for this statement.
  /// Tables this statement was given a place for; only they may be created or replaced by its commit.
  std::map<TableId, engine::duckdb::TableEntry> prepared_;
  /// Those of them that are not there yet, as the statement asked for them.
  std::map<TableId, engine::duckdb::TableCreation> prepared_new_;
  /// Of `prepared_`: their entries know where their files may lie.
  std::map<TableId, CloneSource> prepared_clones_;
  std::optional<int64_t> committed_version_;
  std::optional<Error> commit_in_doubt_;
  KeyStore* keys_ = nullptr;
  AppendGroups* append_groups_ = nullptr;
  std::optional<TableId> held_lane_;  ///< Of `append_groups_`.
  std::optional<AppendedRows> append_;
  std::optional<GroupCommit> group_;
  std::optional<ApplicationVersion> transaction_;
  StatementEffects effects_;
  std::vector<plan::LineageDigest> noted_lineage_;
  LineageReader lineage_;
  AuditTrail* trail_ = nullptr;
  std::optional<AuditReader> audit_;
  std::function<Result<void>()> before_effect_;
  std::shared_ptr<ErasureInProgress> erasure_;  ///< Null: the statement has nobody forgotten.
  Access access_;
  const WallTime began_ = ctx_.clock().Now();
  std::map<TableId, std::string> shown_;  ///< What of each table was to be seen when it was first found.
  std::vector<audit::AuditedPolicy> deciding_policies_;
  bool shows_a_part_ = false;
  bool looks_only_ = false;
  std::optional<RequestContext> shows_as_;
  SteadyTime shown_checked_;  ///< When that was known to hold.
};

}  // namespace neurolake::query
