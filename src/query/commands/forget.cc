// FORGET SUBJECT. Each step can be repeated: a run that ended in between is gone on with by the same statement.
#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

#include "common/text.h"
#include "query/commands/data_subject.h"
#include "query/commands/server_action.h"
#include "query/commands/subject_purge.h"
#include "query/commands/subject_rows.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "storage/path.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

using Cells = std::vector<std::optional<std::string>>;

class ForgetSubject final : public TableCommand {
 public:
  ForgetSubject(std::string subject, std::string value, bool dry_run)
      : subject_(std::move(subject)), value_(std::move(value)), dry_run_(dry_run) {}
  std::string kind() const override { return "FORGET SUBJECT"; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return !dry_run_; }
  bool needs_memory() const override { return true; }
  Result<OwnResult> Run(CommandContext& context) const override;

 private:
  std::string subject_, value_;
  bool dry_run_;
  ObjectName target_;
};

/// One run.
class Forgetting {
 public:
  Forgetting(CommandContext& context, bool dry_run) : context_(context), dry_run_(dry_run) {}

  Result<std::vector<Cells>> Run(const std::string& subject, const std::string& value) {
    NL_RETURN_IF_ERROR(Begin(subject, value));
    NL_RETURN_IF_ERROR(search_.Learn(tables_));
    if (!dry_run_) NL_RETURN_IF_ERROR(AskServer(context_, "remember_erasure", Known()));
    // Before any row goes, so that what is refused leaves all as it was.
    for (const SubjectTable& table : tables_) {
      NL_ASSIGN_OR_RETURN(SubjectRows rows, search_.Find(table));
      found_.push_back(std::move(rows));
    }
    if (dry_run_) {
      for (size_t i = 0; i < tables_.size(); ++i) Show(tables_[i], found_[i]);
    } else {
      for (size_t i = 0; i < tables_.size(); ++i) NL_RETURN_IF_ERROR(Erase(tables_[i], found_[i]));
    }
    NL_RETURN_IF_ERROR(Finish());
    return std::move(rows_);
  }

 private:
  Result<void> Begin(const std::string& subject, const std::string& value) {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context_, "begin_erasure",
                                                     {{"subject", subject}, {"value", value}, {"dry_run", dry_run_}}));
    NL_ASSIGN_OR_RETURN(erasure_, StringMember(answer, "erasure"));
    known_.values[""].insert(value);
    NL_RETURN_IF_ERROR(Recall(answer));
    const auto* tables = answer.if_contains("tables");
    const auto* copies = answer.if_contains("copies");
    if (tables == nullptr || !tables->is_array()) return BadMember("tables");
    if (copies == nullptr || !copies->is_array()) return BadMember("copies");
    for (const auto& one : tables->get_array()) {
      if (!one.is_object()) return BadMember("tables");
      NL_ASSIGN_OR_RETURN(SubjectTable table, DecodeTable(one.get_object()));
      tables_.push_back(std::move(table));
    }
    for (const auto& copy : copies->get_array()) {
      if (!copy.is_array() || copy.get_array().empty() || !copy.get_array()[0].is_string()) return BadMember("copies");
      copies_.emplace_back(copy.get_array()[0].get_string());
    }
    return {};
  }

  /// What an earlier run learnt from rows that are gone.
  Result<void> Recall(const json::object& answer) {
    const auto* values = answer.if_contains("values");
    const auto* texts = answer.if_contains("texts");
    if (values == nullptr || !values->is_object()) return BadMember("values");
    if (texts == nullptr || !texts->is_array()) return BadMember("texts");
    for (const auto& member : values->get_object()) {
      if (!member.value().is_array()) return BadMember("values");
      for (const auto& one : member.value().get_array()) {
        if (one.is_string()) known_.values[std::string(member.key())].emplace(one.get_string());
      }
    }
    for (const auto& text : texts->get_array()) {
      if (text.is_string()) known_.texts.emplace(text.get_string());
    }
    NL_ASSIGN_OR_RETURN(known_.seen, BoolMember(answer, "seen"));
    return {};
  }

  static Result<SubjectTable> DecodeTable(const json::object& object) {
    SubjectTable table;
    NL_ASSIGN_OR_RETURN(table.id, StringMember(object, "id"));
    NL_ASSIGN_OR_RETURN(table.source, StringMember(object, "source"));
    NL_ASSIGN_OR_RETURN(table.kind, StringMember(object, "kind"));
    NL_ASSIGN_OR_RETURN(table.name.schema, StringMember(object, "schema"));
    NL_ASSIGN_OR_RETURN(table.name.name, StringMember(object, "name"));
    NL_ASSIGN_OR_RETURN(table.purging, BoolMember(object, "purging"));
    const auto* columns = object.if_contains("columns");
    if (columns == nullptr || !columns->is_array()) return BadMember("columns");
    for (const auto& one : columns->get_array()) {
      if (!one.is_object()) return BadMember("columns");
      SubjectTable::Column column;
      NL_ASSIGN_OR_RETURN(column.id, StringMember(one.get_object(), "id"));
      NL_ASSIGN_OR_RETURN(column.name, StringMember(one.get_object(), "name"));
      NL_ASSIGN_OR_RETURN(column.identifier, StringMember(one.get_object(), "identifier"));
      table.columns.push_back(std::move(column));
    }
    return table;
  }

  json::object Known() const {
    json::object values;
    for (const auto& [identifier, known] : known_.values) values[identifier] = json::value_from(known);
    return {{"values", std::move(values)}, {"texts", json::value_from(known_.texts)}, {"seen", known_.seen}};
  }

  void Show(const SubjectTable& table, const SubjectRows& rows) {
    const bool holds = rows.holds();
    const int64_t versions = holds ? rows.table.snapshot->version() - rows.history.oldest_version + 1 : 0;
    AddRow(table, rows, rows.rewrites.size() + rows.retired.size(), versions, "");
  }

  void AddRow(const SubjectTable& table, const SubjectRows& rows, size_t files, int64_t versions,
              const std::string& note) {
    std::string notes = note;
    if (rows.rows_of_others > 0) {
      notes += fmt::format("{}{} rows have an identifier of the subject's and the key of another, and stay",
                           notes.empty() ? "" : "; ", rows.rows_of_others);
    }
    rows_.push_back({table.kind, table.full_name(), std::to_string(rows.rows), std::to_string(files),
                     std::to_string(versions), notes.empty() ? std::nullopt : std::optional(notes)});
  }

  Result<void> Erase(const SubjectTable& table, const SubjectRows& found) {
    if (!found.holds() && !table.purging) {
      AddRow(table, found, 0, 0, "");
      return {};
    }
    SubjectPurge purge;
    NL_ASSIGN_OR_RETURN(const SubjectRows rows, RewriteWithoutSubject(context_, search_, table, erasure_, purge));
    NL_RETURN_IF_ERROR(Note(table, "purging", {{"rows", rows.rows}, {"files_rewritten", purge.files_rewritten}}));
    NL_ASSIGN_OR_RETURN(const auto needed, NeededByClones(table));
    NL_RETURN_IF_ERROR(PurgeHistory(context_, table, rows, erasure_, needed, purge));
    NL_RETURN_IF_ERROR(Note(table, "done",
                            {{"files_deleted", purge.files_deleted},
                             {"versions", purge.versions},
                             {"first_version", purge.first_version}}));
    AddRow(table, rows, static_cast<size_t>(purge.files_rewritten + purge.files_deleted), purge.versions,
           fmt::format("versions before {} are gone", purge.first_version));
    return {};
  }

  Result<void> Note(const SubjectTable& table, const char* state, json::object numbers) {
    numbers["table"] = table.id;
    numbers["state"] = state;
    NL_RETURN_IF_ERROR(AskServer(context_, "note_erased", numbers));
    return {};
  }

  /// Files that the newest versions of clones have, by now without the subject's rows.
  Result<std::set<std::string>> NeededByClones(const SubjectTable& table) {
    std::set<std::string> needed;
    for (const SubjectTable& clone : tables_) {
      if (clone.kind != "shallow clone" || clone.id == table.id) continue;
      NL_ASSIGN_OR_RETURN(const OpenedTable opened, context_.Open(clone.name));
      const auto& files = opened.snapshot->files();
      for (size_t i = 0; i < files.size(); ++i) {
        NL_ASSIGN_OR_RETURN(const std::string path, opened.snapshot->PathOf(files.path(i)));
        needed.insert(storage::NormalPath(path));
      }
    }
    return needed;
  }

  Result<void> Finish() {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context_, "finish_erasure", dry_run_ ? Known() : json::object()));
    const auto* rows = answer.if_contains("rows");
    if (rows == nullptr || !rows->is_array()) return BadMember("rows");
    for (const auto& row : rows->get_array()) {
      if (!row.is_array() || row.get_array().size() != 3) return BadMember("rows");
      const auto& cells = row.get_array();
      if (!cells[0].is_string() || !cells[1].is_int64() || !cells[2].is_string()) return BadMember("rows");
      rows_.push_back({std::string(cells[0].get_string()), std::nullopt, std::to_string(cells[1].get_int64()),
                       std::nullopt, std::nullopt, std::string(cells[2].get_string())});
    }
    if (known_.more_texts) {
      rows_.push_back({"texts", std::nullopt, std::nullopt, std::nullopt, std::nullopt,
                       "the rows say more than statements can be searched for, not all of it was"});
    }
    for (const std::string& copy : copies_) {
      rows_.push_back({"not declared", copy, std::nullopt, std::nullopt, std::nullopt,
                       "was made from a table of the data subject: may have copies, was not looked at"});
    }
    return {};
  }

  CommandContext& context_;
  const bool dry_run_;
  std::string erasure_;
  std::vector<SubjectTable> tables_;
  std::vector<std::string> copies_;
  SubjectKnowledge known_;
  SubjectSearch search_{context_, known_};
  std::vector<SubjectRows> found_;
  std::vector<Cells> rows_;
};

Result<OwnResult> ForgetSubject::Run(CommandContext& context) const {
  Forgetting forgetting(context, dry_run_);
  NL_ASSIGN_OR_RETURN(const auto rows, forgetting.Run(subject_, value_));
  return MakeOwnResult({{"what", "VARCHAR"},
                        {"name", "VARCHAR"},
                        {"rows", "BIGINT"},
                        {"files", "BIGINT"},
                        {"versions", "BIGINT"},
                        {"note", "VARCHAR"}},
                       rows);
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseForget(TokenCursor cursor) {
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("the name of a data subject"));
  std::string value;
  if (!cursor.AtEnd() && cursor.token().kind == TokenKind::kNumber) {
    value = cursor.Text();
    cursor.Skip();
  } else {
    NL_ASSIGN_OR_RETURN(value, cursor.ExpectString("the subject's key, as a text or a whole number"));
  }
  if (value.empty()) return MakeError(ErrorCode::kInvalidArgument, "the key of a data subject is not empty");
  const bool dry_run = cursor.AcceptWords({"dry", "run"});
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<ForgetSubject>(LowerAscii(name), value, dry_run);
}

}  // namespace neurolake::query
