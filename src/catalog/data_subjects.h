#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/result.h"

namespace neurolake::catalog {

/// A column whose values name a subject, by ids, so that renames keep it.
struct DataSubjectColumn {
  TableId table;
  std::string column_id;    ///< What the table's files call it.
  std::string column_name;  ///< As it was called when it was declared.
  std::string identifier;   ///< Empty: holds the subject's key; else which of the subject's identifiers it holds.
  bool operator==(const DataSubjectColumn&) const = default;
};

/// What CREATE DATA SUBJECT says: where people of one kind (customers, patients) are named.
struct DataSubjectRecord {
  std::string id;
  std::string name;  ///< Lower case.
  std::string created_by;
  WallTime created;
  std::vector<DataSubjectColumn> columns;  ///< By table and column.
};

/// Who may have a subject forgotten. One of a subject and grantee: the newer takes the older one's place.
struct DataSubjectGrant {
  std::string subject_id;
  std::string grantee_kind;
  std::string grantee_id;
  bool denied = false;
  std::string granted_by;
  WallTime created;
};

/// One FORGET SUBJECT, as it goes on and afterwards: the evidence of it has no value of the subject's.
struct ErasureRecord {
  std::string id;
  std::string subject_id;
  std::string subject_name;
  std::string key_hash;  ///< Keyed: ConstantSealer::HashOf.
  std::string state;     ///< "running" or "done".
  std::string principal;
  StatementId statement;
  WallTime started;
  std::optional<WallTime> ended;
  std::string report = "{}";  ///< JSON: what was done, in tables and elsewhere.
  std::string sealed;         ///< What a job under way has to remember, encrypted; empty when it is done.
};

/// Declarations of data subjects, erasures, and the places of the metadata store that hold what statements said.
/// Thread-safe. Errors of every call: those of the store.
class DataSubjects {
 public:
  virtual ~DataSubjects() = default;

  /// Errors: kAlreadyExists; kInvalidArgument for a name that cannot be one.
  virtual Result<void> AddSubject(const DataSubjectRecord& subject) = 0;
  /// Its columns are those of `columns` from now on. Errors: kNotFound.
  virtual Result<void> SetColumns(const std::string& subject_id, const std::vector<DataSubjectColumn>& columns) = 0;
  /// With what was granted on it; what was erased stays on record. Errors: kNotFound; kDependentObjects while an
  /// erasure has not ended.
  virtual Result<void> DropSubject(const std::string& name) = 0;
  virtual Result<std::optional<DataSubjectRecord>> FindSubject(const std::string& name) = 0;
  virtual Result<std::vector<DataSubjectRecord>> ListSubjects() = 0;  ///< By name.
  virtual Result<void> AddSubjectGrant(const DataSubjectGrant& grant) = 0;
  virtual Result<void> RemoveSubjectGrant(const DataSubjectGrant& grant) = 0;
  virtual Result<std::vector<DataSubjectGrant>> SubjectGrants(const std::string& subject_id) = 0;

  virtual Result<void> SaveErasure(const ErasureRecord& erasure) = 0;
  /// The one that has not ended, of this subject.
  virtual Result<std::optional<ErasureRecord>> FindErasure(const std::string& subject_id,
                                                           const std::string& key_hash) = 0;
  virtual Result<std::optional<ErasureRecord>> FindErasure(const std::string& id) = 0;
  virtual Result<std::vector<ErasureRecord>> ListErasures() = 0;  ///< Newest first.
  /// Those that have not ended, or not before `time`.
  virtual Result<std::vector<ErasureRecord>> ErasuresSince(WallTime time) = 0;

  /// Takes away what ANALYZE and expectations keep of the tables' values. Returns how many entries those were.
  virtual Result<int64_t> EraseStatistics(const std::vector<TableId>& tables) = 0;
  /// The same of what was found in versions of the table before `version`, and from now on nothing of them is kept:
  /// SaveStatistics refuses it, and an expectation's result is kept without values. A lower version changes nothing.
  virtual Result<void> RaiseStatisticsFloor(const TableId& table, int64_t version) = 0;
  /// The same until ReleaseStatistics(hold), a name that is the caller's alone: for a commit of which nobody knows yet
  /// whether it makes `version`.
  virtual Result<void> HoldStatistics(const TableId& table, int64_t version, const std::string& hold) = 0;
  virtual Result<void> ReleaseStatistics(const std::string& hold) = 0;
  /// What of a statement is shown as text.
  struct StatementText {
    std::string text;
    std::string error_message;
    std::string tables_json;
  };
  /// Gives every text of system.queries to `change`, which says whether it changed it. Returns how many it did.
  virtual Result<int64_t> ChangeStatementTexts(const std::function<bool(StatementText&)>& change) = 0;
  /// Takes away events that wait for delivery, and names of files in lineage, of which `holds` is true.
  virtual Result<int64_t> EraseEvents(const std::function<bool(const std::string&)>& holds) = 0;
  virtual Result<int64_t> EraseLineageNames(const std::function<bool(const std::string&)>& holds) = 0;
  /// Answers of language models that are kept to be given again: deletes all, or only counts them. None is worth asking
  /// whom it tells of.
  virtual Result<int64_t> EraseKeptAnswers(bool erase) = 0;
  /// Where else in the metadata store something holds a text of which `holds` is true: views, policies, comments, names
  /// of principals, … By table of the store, how many rows do; those that the calls above change are left out.
  virtual Result<std::vector<std::pair<std::string, int64_t>>> FindElsewhere(
      const std::function<bool(const std::string&)>& holds) = 0;
  /// As metastore::Store.
  virtual Result<void> Scrub() = 0;
};

}  // namespace neurolake::catalog
