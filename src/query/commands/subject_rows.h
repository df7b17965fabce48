#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "query/commands/table_command.h"
#include "tables/delta/retired_files.h"

namespace neurolake::query {

/// What is known of a subject: its key under "", and by the names of identifiers what these are. Grows as rows are
/// found.
using SubjectValues = std::map<std::string, std::set<std::string>>;

/// A table with a subject's rows: one that was declared, a shallow clone of it, its quarantine.
struct SubjectTable {
  struct Column {
    std::string id;          ///< What files call it; of a quarantine, the name that its rows have.
    std::string identifier;  ///< Empty: the key.
  };
  std::string id;
  std::string kind;  ///< "table", "shallow clone" or "quarantine".
  ObjectName name;
  std::vector<Column> columns;
  bool purging = false;  ///< An earlier run came so far that its history has to go.
  std::string full_name() const { return name.schema + "." + name.name; }
};

/// Where in one table a subject is.
struct SubjectRows {
  OpenedTable table;
  int64_t rows = 0;                   ///< Of the newest version.
  int64_t rows_of_others = 0;         ///< That have an identifier of the subject's and the key of another: they stay.
  std::vector<std::string> rewrites;  ///< AddFile::path of files of the newest version that have any, deleted or not.
  std::vector<std::string> retired;   ///< Of files that older versions alone have.
  bool log_holds = false;             ///< Texts of the log hold an identifier.
  tables::delta::RetiredFiles history;
  bool holds() const { return rows > 0 || !rewrites.empty() || !retired.empty() || log_holds; }
};

/// Finds rows by what is known, and with them what else is. Runs as the product: the server shows it tables as a whole
/// for this one statement.
class SubjectSearch {
 public:
  /// Borrows both; `values` grows, and `texts` gets what else the rows say.
  SubjectSearch(CommandContext& context, SubjectValues& values, std::set<std::string>& texts)
      : context_(context), values_(values), texts_(texts) {}

  /// Goes on until nothing new is learnt. Errors: kInvalidArgument for a subject that names more than can be followed,
  /// or a declared column that its table does not have any more; those of reading.
  Result<void> Learn(const std::vector<SubjectTable>& tables);
  Result<SubjectRows> Find(const SubjectTable& table);
  /// SQL, never NULL, that is true of the subject's rows in a version of the table.
  Result<std::string> Condition(const SubjectTable& table, const tables::delta::Snapshot& snapshot) const;
  Result<int64_t> CountRows(const SubjectTable& table, const OpenedTable& opened);

 private:
  struct Conditions {
    std::string of_subject, of_others;
  };
  struct Source {
    std::string from;
    OpenedTable opened;
  };
  Result<Conditions> ConditionsIn(const SubjectTable& table, const tables::delta::Snapshot& snapshot) const;
  Result<void> LearnFrom(const SubjectTable& table, const Source& source);
  Result<void> LearnFromHistory(const SubjectTable& table);
  Result<std::vector<std::string>> Distinct(const std::string& sql, const Source& source, const std::string& condition);
  Result<int64_t> Count(const std::string& from, const std::string& condition);
  /// Those of `paths`, all of one version, that have rows of the subject.
  Result<void> Narrow(const SubjectTable& table, const OpenedTable& opened, int64_t version,
                      const std::vector<std::string>& paths, std::vector<std::string>& holding);
  Result<void> FindInHistory(const SubjectTable& table, SubjectRows& rows);
  /// Of one version: files that were still there a moment ago.
  Result<std::map<int64_t, std::vector<std::string>>> Readable(const SubjectRows& rows,
                                                               std::vector<std::string>& unclear);

  CommandContext& context_;
  SubjectValues& values_;
  std::set<std::string>& texts_;
};

/// Whether it may hold a value that names somebody, and not by chance. Lower case.
bool IsTelling(const std::string& value);

}  // namespace neurolake::query
