#include "engine/duckdb/internal/key_judge.h"

#include <algorithm>
#include <unordered_set>

#include "common/text.h"
#include "duckdb/main/appender.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/lake_write.h"

namespace neurolake::engine::duckdb {
namespace {

using Kind = Expectation::Kind;
using tables::delta::AddFile;

constexpr int kRoundsMax = 1000;

/// The write's rows by position: where an UPDATE's row was, and the columns that keys are made of.
constexpr const char* kWritten = "temp.main.written";
/// Positions of those that go.
constexpr const char* kGone = "temp.main.gone";
/// Places of rows of the table that a MERGE deletes.
constexpr const char* kTaken = "temp.main.taken";
/// Rows of which one may stay for each key, with all their columns.
constexpr const char* kTied = "temp.main.tied";

std::string NameOf(const TableEntry& table) {
  return fmt::format("{}.{}.{}", LakeCatalog::kName, QuoteIdentifier(table.schema_name),
                     QuoteIdentifier(table.table_name));
}

std::string Joined(const std::vector<std::string>& parts, std::string_view between) {
  return fmt::format("{}", fmt::join(parts, between));
}

class KeyJudge {
 public:
  KeyJudge(native::ClientContext& context, WriteJob& job, const std::vector<const Expectation*>& expectations,
           native::ColumnDataCollection& rows)
      : context_(context),
        state_(StatementState::Get(context)),
        transaction_(LakeTransaction::Get(context, native::Catalog::GetCatalog(context, LakeCatalog::kName))),
        job_(job),
        fields_(job.target.layout.schema.fields),
        expectations_(expectations),
        rows_(rows),
        updates_(rows.ColumnCount() > fields_.size()),
        check_(context, state_) {}

  LeftOutRows Run() {
    left_out_ = LeftOutRows(expectations_.size(), static_cast<int64_t>(rows_.Count()));
    ChooseColumns();
    ShowTables();
    LoadWritten();
    LoadTaken();
    check_.Query(fmt::format("CREATE TEMP TABLE {} (n BIGINT)", NameInTemp(kGone)));
    int rounds = 0;
    for (bool more = true; more; ++rounds) {
      if (rounds == kRoundsMax) ThrowNoEnd();
      more = false;
      for (size_t i = 0; i < expectations_.size(); ++i) {
        const bool found = expectations_[i]->kind == Kind::kUnique ? Unique(i) : ForeignKey(i);
        more = more || found;
      }
      more = more && Cascades();
    }
    return std::move(left_out_);
  }

 private:
  static std::string NameInTemp(const char* qualified) {
    return std::string(qualified).substr(sizeof("temp.main.") - 1);
  }

  size_t FieldOf(const Expectation& expectation, const std::string& column) const {
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (EqualsIgnoringCase(fields_[i].name, column)) return i;
    }
    ThrowLakeError(
        Error(ErrorCode::kDependentObjects,
              fmt::format("an expectation does not fit the table's columns, drop it first: {}", expectation.name)));
  }

  bool ReplacesPartitions() const {
    const auto& intent = state_.grants.write;
    return intent && intent->replace == WriteIntent::Replace::kPartitions;
  }
  bool RefersToItself(const Expectation& expectation) const {
    return expectation.kind == Kind::kForeignKey && expectation.foreign &&
           expectation.foreign->id == job_.target.table.id;
  }
  /// Whether rows that go may make others go.
  bool Cascades() const {
    return updates_ || ReplacesPartitions() || expectations_.size() > 1 || RefersToItself(*expectations_[0]);
  }

  void ChooseColumns() {
    const auto add = [&](size_t field) {
      if (std::ranges::find(columns_, field) == columns_.end()) columns_.push_back(field);
    };
    for (const Expectation* one : expectations_) {
      for (const std::string& column : one->columns) add(FieldOf(*one, column));
      if (!RefersToItself(*one)) continue;
      for (const std::string& column : one->foreign_columns) add(FieldOf(*one, column));
    }
    if (!ReplacesPartitions()) return;
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (job_.target.layout.IsPartition(fields_[i].name)) add(i);
    }
  }

  /// The table as it would be without the write's rows and without what goes in their place; null: empty. Where rows
  /// are updated it is the very version that their places are of.
  SnapshotPointer Held() const {
    const auto& intent = state_.grants.write;
    if (job_.making || (intent && intent->replace == WriteIntent::Replace::kTable)) return nullptr;
    if (updates_) return job_.target.base;
    const LakeWrite* pending = transaction_.write();
    const SnapshotPointer base = pending == nullptr ? job_.target.base : pending->Applied();
    if (!intent || intent->replace != WriteIntent::Replace::kFiles) return base;
    LakeWrite without;
    without.table = job_.target.table;
    without.base = base;
    const std::unordered_set<std::string_view> retired(intent->retired.begin(), intent->retired.end());
    for (const AddFile& file : base->files()) {
      if (retired.contains(file.path)) without.Remove(file, 0);
    }
    return without.Applied();
  }

  void ShowTables() {
    if (auto snapshot = Held()) {
      // Under a name and an id that nothing else has.
      TableEntry held = job_.target.table;
      held.id = TableId(held.id.value() + "#held");
      held.table_name += "#held";
      check_.Show(held, std::move(snapshot));
      held_ = NameOf(held);
    }
    for (const Expectation* one : expectations_) {
      if (one->kind != Kind::kForeignKey) continue;
      if (!one->foreign) {
        ThrowLakeError(Error(
            ErrorCode::kNotFound,
            fmt::format("the table that an expectation refers to is not there, drop the expectation: {}", one->name)));
      }
      if (!RefersToItself(*one)) check_.Show(*one->foreign, nullptr);
    }
    if (held_.empty() || !updates_) return;
    for (const auto& field : fields_) {
      if (!EqualsIgnoringCase(field.name, "file_index") && !EqualsIgnoringCase(field.name, "file_row_number")) continue;
      ThrowLakeError(Error(ErrorCode::kNotSupported,
                           fmt::format("an expectation of keys with DROP or QUARANTINE does not go with UPDATE and "
                                       "MERGE of a table that has a column of this name, rename it: {}",
                                       field.name)));
    }
  }

  /// Calls `visit` with each chunk of the write and the position of its first row.
  template <typename Visit>
  void VisitRows(Visit&& visit) {
    int64_t position = 0;
    for (auto& chunk : rows_.Chunks()) {
      ThrowIfEnded();
      visit(chunk, position);
      position += static_cast<int64_t>(chunk.size());
    }
  }

  void ThrowIfEnded() {
    if (context_.IsInterrupted()) throw native::InterruptException();
    ValueOrThrow(state_.context->CheckAlive());
  }

  static void Sequence(native::Vector& vector, int64_t first, native::idx_t count) { vector.Sequence(first, 1, count); }

  void LoadWritten() {
    std::string definition = "n BIGINT, file UBIGINT, place BIGINT";
    native::vector<native::LogicalType> types = {native::LogicalType::BIGINT, native::LogicalType::UBIGINT,
                                                 native::LogicalType::BIGINT};
    for (const size_t field : columns_) {
      definition += fmt::format(", c{} {}", field, rows_.Types()[field].ToString());
      types.push_back(rows_.Types()[field]);
    }
    check_.Query(fmt::format("CREATE TEMP TABLE {} ({})", NameInTemp(kWritten), definition));
    native::Appender appender(check_.connection(), "temp", "main", NameInTemp(kWritten));
    native::DataChunk part;
    part.InitializeEmpty(types);
    VisitRows([&](native::DataChunk& chunk, int64_t position) {
      native::Vector numbers(native::LogicalType::BIGINT);
      Sequence(numbers, position, chunk.size());
      part.data[0].Reference(numbers);
      for (size_t i = 0; i < 2; ++i) {
        if (updates_) part.data[1 + i].Reference(chunk.data[fields_.size() + i]);
        else part.data[1 + i].Reference(native::Value(types[1 + i]));
      }
      for (size_t i = 0; i < columns_.size(); ++i) part.data[3 + i].Reference(chunk.data[columns_[i]]);
      part.SetCardinality(chunk.size());
      appender.AppendDataChunk(part);
    });
    appender.Close();
  }

  void LoadTaken() {
    if (!updates_) return;
    check_.Query(fmt::format("CREATE TEMP TABLE {} (file UBIGINT, place BIGINT)", NameInTemp(kTaken)));
    native::Appender appender(check_.connection(), "temp", "main", NameInTemp(kTaken));
    job_.deletions.Visit([&](uint64_t file, const RowDeletions::Run& run) {
      for (uint64_t row = run.first; row < run.first + run.count; ++row) {
        appender.AppendRow(file, static_cast<int64_t>(row));
      }
    });
    appender.Close();
  }

  static std::string Alive() {
    return fmt::format("(SELECT w.* FROM {} AS w ANTI JOIN {} AS g ON w.n = g.n)", kWritten, kGone);
  }

  std::vector<std::string> OfWritten(const Expectation& expectation, const std::vector<std::string>& names,
                                     std::string_view alias) const {
    std::vector<std::string> columns;
    for (const std::string& name : names) columns.push_back(fmt::format("{}c{}", alias, FieldOf(expectation, name)));
    return columns;
  }
  static std::vector<std::string> OfTable(const std::vector<std::string>& names, std::string_view alias) {
    std::vector<std::string> columns;
    for (const std::string& name : names) columns.push_back(fmt::format("{}{}", alias, QuoteIdentifier(name)));
    return columns;
  }
  static std::string Compared(const std::vector<std::string>& left, const std::vector<std::string>& right,
                              std::string_view how) {
    std::vector<std::string> pairs;
    for (size_t i = 0; i < left.size(); ++i) pairs.push_back(fmt::format("{} {} {}", left[i], how, right.at(i)));
    return Joined(pairs, " AND ");
  }
  static std::string NotNull(const std::vector<std::string>& columns) {
    std::vector<std::string> conditions;
    for (const std::string& column : columns) conditions.push_back(column + " IS NOT NULL");
    return Joined(conditions, " AND ");
  }

  /// Rows of the table as `columns`, without those that go or become rows of `written`, which has n, file and place.
  std::string Staying(const std::vector<std::string>& columns, const std::string& written) const {
    std::string from = held_ + " AS b";
    if (updates_) {
      from += fmt::format(
          " ANTI JOIN (SELECT file, place FROM {} WHERE file IS NOT NULL UNION ALL SELECT file, place FROM {}) AS u "
          "ON b.file_index = u.file AND b.file_row_number = u.place",
          written, kTaken);
    }
    if (ReplacesPartitions()) {
      std::vector<std::string> names, own;
      for (size_t i = 0; i < fields_.size(); ++i) {
        if (!job_.target.layout.IsPartition(fields_[i].name)) continue;
        names.push_back("b." + QuoteIdentifier(fields_[i].name));
        own.push_back(fmt::format("p.c{}", i));
      }
      from += fmt::format(" ANTI JOIN {} AS p ON {}", Alive(), Compared(names, own, "IS NOT DISTINCT FROM"));
    }
    return fmt::format("SELECT {} FROM {}", Joined(columns, ", "), from);
  }

  /// Marks the positions that `query` gives, in `found`, which has room for them; false: none. Never holds its rows, of
  /// which there may be more than memory.
  bool Mark(const std::string& query, std::vector<bool>& found) {
    ThrowIfEnded();
    auto result = check_.connection().SendQuery(query);
    bool any = false;
    for (;;) {
      if (result->HasError()) result->GetErrorObject().Throw();
      auto chunk = result->Fetch();
      if (result->HasError()) result->GetErrorObject().Throw();
      if (chunk == nullptr || chunk->size() == 0) return any;
      ThrowIfEnded();
      chunk->Flatten();
      const auto* positions = native::FlatVector::GetData<int64_t>(chunk->data[0]);
      for (native::idx_t i = 0; i < chunk->size(); ++i) found[static_cast<size_t>(positions[i])] = true;
      any = true;
    }
  }

  /// Leaves out the rows that `query` gives, if they are not left out yet.
  bool LeaveOut(size_t expectation, const std::string& query) {
    std::vector<bool> found(static_cast<size_t>(rows_.Count()));
    if (!Mark(query, found)) return false;
    native::Appender appender(check_.connection(), "temp", "main", NameInTemp(kGone));
    for (size_t position = 0; position < found.size(); ++position) {
      if (!found[position]) continue;
      left_out_.Add(expectation, static_cast<int64_t>(position));
      appender.AppendRow(static_cast<int64_t>(position));
    }
    appender.Close();
    return true;
  }

  /// NULL is no key. Also rows that were updated are judged, as they are written.
  bool ForeignKey(size_t index) {
    const Expectation& expectation = *expectations_[index];
    const auto key = OfWritten(expectation, expectation.columns, "a.");
    std::vector<std::string> partner;
    std::string partners;
    if (RefersToItself(expectation)) {
      const auto own = OfWritten(expectation, expectation.foreign_columns, "w.");
      partners = fmt::format("SELECT {} FROM {} AS w", Joined(own, ", "), Alive());
      if (!held_.empty()) partners += " UNION ALL " + Staying(OfTable(expectation.foreign_columns, "b."), Alive());
    } else {
      partners = fmt::format("SELECT {} FROM {}", Joined(OfTable(expectation.foreign_columns, ""), ", "),
                             NameOf(*expectation.foreign));
    }
    std::vector<std::string> names;
    for (size_t i = 0; i < key.size(); ++i) {
      names.push_back(fmt::format("k{}", i));
      partner.push_back("p." + names.back());
    }
    return LeaveOut(index, fmt::format("SELECT a.n FROM {} AS a ANTI JOIN ({}) AS p({}) ON {} WHERE {}", Alive(),
                                       partners, Joined(names, ", "), Compared(key, partner, "="), NotNull(key)));
  }

  /// Rows that bring a key: not those of an UPDATE that leaves it as it was.
  std::string Bringing(const Expectation& expectation) const {
    const auto key = OfWritten(expectation, expectation.columns, "a.");
    std::string from = Alive() + " AS a";
    if (updates_ && !held_.empty()) {
      from += fmt::format(" ANTI JOIN {} AS b ON a.file = b.file_index AND a.place = b.file_row_number AND {}", held_,
                          Compared(key, OfTable(expectation.columns, "b."), "IS NOT DISTINCT FROM"));
    }
    return from;
  }

  bool Unique(size_t index) {
    const Expectation& expectation = *expectations_[index];
    const auto key = OfWritten(expectation, expectation.columns, "a.");
    const std::string bringing = fmt::format("(SELECT a.* FROM {} WHERE {})", Bringing(expectation), NotNull(key));
    bool found = false;
    if (!held_.empty()) {
      // An update that leaves its key counts among what stays.
      const std::string moving = fmt::format("(SELECT a.* FROM {})", Bringing(expectation));
      std::vector<std::string> names, taken;
      for (size_t i = 0; i < key.size(); ++i) {
        names.push_back(fmt::format("k{}", i));
        taken.push_back("t." + names.back());
      }
      found = LeaveOut(index, fmt::format("SELECT a.n FROM {} AS a SEMI JOIN ({}) AS t({}) ON {}", bringing,
                                          Staying(OfTable(expectation.columns, "b."), moving), Joined(names, ", "),
                                          Compared(key, taken, "=")));
    }
    return Tied(index, bringing) || found;
  }

  /// Of those that bring one key stays the least.
  bool Tied(size_t index, const std::string& bringing) {
    const auto key = OfWritten(*expectations_[index], expectations_[index]->columns, "");
    std::vector<bool> tied(static_cast<size_t>(rows_.Count()));
    const bool any = Mark(fmt::format("SELECT n FROM (SELECT n, count(*) OVER (PARTITION BY {}) AS holders FROM {}) "
                                      "WHERE holders > 1",
                                      Joined(key, ", "), bringing),
                          tied);
    if (!any) return false;
    LoadTied(tied);
    std::vector<std::string> all;
    for (size_t i = 0; i < fields_.size(); ++i) all.push_back(fmt::format("c{} NULLS LAST", i));
    return LeaveOut(index, fmt::format("SELECT n FROM (SELECT n, row_number() OVER (PARTITION BY {} ORDER BY {}, n) AS "
                                       "place FROM {}) WHERE place > 1",
                                       Joined(key, ", "), Joined(all, ", "), kTied));
  }

  void LoadTied(const std::vector<bool>& tied) {
    std::string definition = "n BIGINT";
    native::vector<native::LogicalType> types = {native::LogicalType::BIGINT};
    for (size_t i = 0; i < fields_.size(); ++i) {
      definition += fmt::format(", c{} {}", i, rows_.Types()[i].ToString());
      types.push_back(rows_.Types()[i]);
    }
    check_.Query(fmt::format("CREATE OR REPLACE TEMP TABLE {} ({})", NameInTemp(kTied), definition));
    native::Appender appender(check_.connection(), "temp", "main", NameInTemp(kTied));
    native::DataChunk part;
    part.InitializeEmpty(types);
    VisitRows([&](native::DataChunk& chunk, int64_t position) {
      native::SelectionVector chosen(std::max<native::idx_t>(chunk.size(), 1));
      native::idx_t count = 0;
      for (native::idx_t row = 0; row < chunk.size(); ++row) {
        if (tied[static_cast<size_t>(position) + row]) chosen.set_index(count++, row);
      }
      if (count == 0) return;
      native::Vector numbers(native::LogicalType::BIGINT);
      Sequence(numbers, position, chunk.size());
      part.data[0].Slice(numbers, chosen, count);
      for (size_t i = 0; i < fields_.size(); ++i) part.data[1 + i].Slice(chunk.data[i], chosen, count);
      part.SetCardinality(count);
      appender.AppendDataChunk(part);
    });
    appender.Close();
  }

  [[noreturn]] void ThrowNoEnd() const {
    ThrowLakeError(Error(ErrorCode::kNotSupported,
                         fmt::format("the rows that expectations leave out hang on each other in chains of more than "
                                     "{} rows; write them in several statements, or with ON VIOLATION FAIL: {}.{}",
                                     kRoundsMax, job_.target.table.schema_name, job_.target.table.table_name)));
  }

  native::ClientContext& context_;
  StatementState& state_;
  LakeTransaction& transaction_;
  WriteJob& job_;
  const std::vector<tables::delta::StructField>& fields_;
  const std::vector<const Expectation*>& expectations_;
  native::ColumnDataCollection& rows_;
  const bool updates_;  ///< Rows come with the places of those that they replace, where they replace some.
  CheckConnection check_;
  std::string held_;             ///< SQL; empty: nothing stays.
  std::vector<size_t> columns_;  ///< Fields that `written` has.
  LeftOutRows left_out_;
};

}  // namespace

void LeftOutRows::Add(size_t expectation, int64_t position) {
  left_out_[expectation].resize(rows_);
  left_out_[expectation][static_cast<size_t>(position)] = true;
  any_ = true;
}

std::optional<size_t> LeftOutRows::At(int64_t position) const {
  for (size_t i = 0; i < left_out_.size(); ++i) {
    if (!left_out_[i].empty() && left_out_[i][static_cast<size_t>(position)]) return i;
  }
  return std::nullopt;
}

LeftOutRows JudgeKeys(native::ClientContext& context, WriteJob& job,
                      const std::vector<const Expectation*>& expectations, native::ColumnDataCollection& rows) {
  return KeyJudge(context, job, expectations, rows).Run();
}

}  // namespace neurolake::engine::duckdb
