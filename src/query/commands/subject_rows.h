#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "query/commands/table_command.h"
#include "tables/delta/retired_files.h"

namespace neurolake::query {

/// What is known of a subject: its key under "", and by the names of identifiers what these are. Grows as rows are
/// found.
using SubjectValues = std::map<std::string, std::set<std::string>>;

/// A table with a subject's rows: one that was declared, a shallow clone of it, its quarantine.
struct SubjectTable {
  struct Column {
    std::string id;          ///< What files call it; of a quarantine, what those of its table do.
    std::string name;        ///< As it was declared; of a quarantine also as it is called now.
    std::string identifier;  ///< Empty: the key.
  };
  std::string id;
  std::string source;  ///< Of a quarantine: its table's id.
  std::string kind;    ///< "table", "shallow clone" or "quarantine".
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

/// What is learnt of a subject, by one run and those before it that did not end.
struct SubjectKnowledge {
  SubjectValues values;
  std::set<std::string> texts;  ///< What else its rows say, in lower case.
  bool seen = false;            ///< Some row had one of its values.
  bool more_texts = false;      ///< There were more than are kept.
};

/// Finds rows by what is known, and with them what else is. Runs as the product: the server shows it tables as a whole
/// for this one statement.
class SubjectSearch {
 public:
  /// Borrows both; `known` grows.
  SubjectSearch(CommandContext& context, SubjectKnowledge& known) : context_(context), known_(known) {}

  /// Goes on until nothing new is learnt. Errors: kInvalidArgument for a subject that names more than can be followed,
  /// or a declared column that cannot name somebody any more; those of reading.
  Result<void> Learn(std::vector<SubjectTable>& tables);
  Result<SubjectRows> Find(const SubjectTable& table);
  /// SQL, never NULL, that is true of the subject's rows in a version of the table.
  Result<std::string> Condition(const SubjectTable& table, const tables::delta::Snapshot& snapshot) const;

 private:
  struct Conditions {
    std::string of_subject, of_others;
  };
  struct Source {
    std::string from;
    OpenedTable opened;
  };
  Result<Conditions> ConditionsIn(const SubjectTable& table, const tables::delta::Snapshot& snapshot) const;
  Result<OpenedTable> Open(const SubjectTable& table, std::optional<int64_t> version = std::nullopt);
  Result<void> CheckColumns(std::vector<SubjectTable>& tables);
  Result<void> LearnIdentifiers(const SubjectTable& table, const Source& source);
  Result<void> LearnTexts(const SubjectTable& table, const Source& source);
  Result<void> LearnFromHistory(const SubjectTable& table);
  /// (place in `columns`, value) of all different values that rows of the subject have there.
  Result<std::vector<std::pair<size_t, std::string>>> Distinct(const std::vector<std::string>& columns,
                                                               const Source& source, const std::string& condition,
                                                               size_t limit);
  Result<int64_t> Count(const std::string& from, const std::string& condition);
  /// Those of `paths`, all of one version, that have rows of the subject.
  Result<void> Narrow(const SubjectTable& table, const OpenedTable& opened, int64_t version,
                      const std::vector<std::string>& paths, std::vector<std::string>& holding);
  Result<void> FindInHistory(const SubjectTable& table, SubjectRows& rows);
  /// Of one version: files that were still there a moment ago.
  Result<std::map<int64_t, std::vector<std::string>>> Readable(const SubjectRows& rows,
                                                               std::vector<std::string>& unclear);

  CommandContext& context_;
  SubjectKnowledge& known_;
};

/// Whether a column of this type can name a data subject: only what compares in one way, as 1.0 and 1, or two
/// spellings of a time, would leave rows behind.
bool MayIdentify(const tables::delta::DataType& type);

}  // namespace neurolake::query
