#include "query/erasure_actions.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/ids.h"
#include "common/text.h"
#include "query/data_subject_actions.h"
#include "query/erase_traces.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::DataSubjectColumn;
using catalog::DataSubjectRecord;
using catalog::ErasureRecord;
using catalog::TableRecord;

constexpr std::string_view kDeclarations[] = {"create_data_subject", "alter_data_subject",    "drop_data_subject",
                                              "data_subjects",       "describe_data_subject", "data_subject_grants",
                                              "grant_forget"};
constexpr std::string_view kErasures[] = {"begin_erasure", "remember_erasure", "note_erased", "finish_erasure"};
constexpr int64_t kLineagePage = 1000;
constexpr int kLineagePagesMax = 1000;

std::unexpected<Error> NotThere(const std::string& name) {
  return MakeError(ErrorCode::kNotFound, "data subject does not exist or you may not have it forgotten: {}", name);
}

/// What is kept of a job while it goes on.
struct Remembered {
  json::object values;
  json::array texts;
  bool seen = false;  ///< Some row had one of the values.
};

Result<Remembered> DecodeRemembered(const json::object& arguments) {
  const auto* values = arguments.if_contains("values");
  const auto* texts = arguments.if_contains("texts");
  if (values == nullptr || !values->is_object()) return BadMember("values");
  if (texts == nullptr || !texts->is_array()) return BadMember("texts");
  Remembered remembered{values->get_object(), texts->get_array()};
  NL_ASSIGN_OR_RETURN(remembered.seen, BoolMember(arguments, "seen"));
  return remembered;
}

Result<Remembered> Recall(const ErasureContext& context) {
  const ErasureRecord& record = context.erasure.record;
  Remembered remembered;
  if (record.sealed.empty()) return remembered;
  const auto opened = context.trail.constants().Open(record.sealed, record.id);
  if (!opened && opened.error().code() == ErrorCode::kNotFound) return remembered;
  if (!opened) return std::unexpected(opened.error());
  // Its key goes when all that could be found by it is gone.
  if (opened->literals.size() != 1 || !opened->literals[0]) return remembered;
  NL_ASSIGN_OR_RETURN(const json::object kept, ParseObject(*opened->literals[0]));
  return DecodeRemembered(kept);
}

/// Shallow clones of a table, and those of these; and its quarantine.
Result<void> AddDependants(catalog::Catalog& catalog, const TableRecord& table,
                           const std::vector<DataSubjectColumn>& columns, ErasureInProgress& erasure, json::array& out);

/// `source`: the table's that it is the quarantine of.
Result<void> AddTable(catalog::Catalog& catalog, const TableRecord& table, std::string_view kind,
                      const std::vector<DataSubjectColumn>& columns, ErasureInProgress& erasure, json::array& out,
                      const TableId& source = {}) {
  if (!erasure.tables.insert(table.id).second) return {};
  // What needs files of others before these.
  NL_RETURN_IF_ERROR(AddDependants(catalog, table, columns, erasure, out));
  erasure.table_names.push_back(table.schema_name + "." + table.name);
  json::array named;
  for (const DataSubjectColumn& column : columns) {
    named.push_back({{"id", column.column_id}, {"name", column.column_name}, {"identifier", column.identifier}});
  }
  bool purging = false;
  NL_ASSIGN_OR_RETURN(const json::object report, ParseObject(erasure.record.report));
  if (const auto* tables = report.if_contains("tables"); tables != nullptr && tables->is_object()) {
    const auto* known = tables->get_object().if_contains(table.id.value());
    purging = known != nullptr && known->is_object() && known->get_object().contains("state") &&
              known->get_object().at("state") == "purging";
  }
  out.push_back({{"id", table.id.value()},
                 {"source", source.value()},
                 {"schema", table.schema_name},
                 {"name", table.name},
                 {"kind", kind},
                 {"purging", purging},
                 {"columns", std::move(named)}});
  return {};
}

Result<void> AddDependants(catalog::Catalog& catalog, const TableRecord& table,
                           const std::vector<DataSubjectColumn>& columns, ErasureInProgress& erasure,
                           json::array& out) {
  NL_ASSIGN_OR_RETURN(const auto clones, catalog.ListClonesOf(table));
  for (const auto& [clone, source] : clones) {
    NL_ASSIGN_OR_RETURN(const auto named, catalog.FindTable(clone.id));
    if (!named) {
      return MakeError(
          ErrorCode::kDependentObjects,
          "a shallow clone of the table is being made, or was dropped and can come back: UNDROP it first, or "
          "wait until it is gone for good (setting undrop.keep): {}.{}",
          table.schema_name, table.name);
    }
    NL_RETURN_IF_ERROR(AddTable(catalog, *named, "shallow clone", columns, erasure, out));
  }
  NL_ASSIGN_OR_RETURN(const auto expectations, catalog.ListExpectations(table.id));
  for (const auto& expectation : expectations) {
    if (!expectation.quarantine) continue;
    NL_ASSIGN_OR_RETURN(const auto quarantine, catalog.FindTable(*expectation.quarantine));
    if (!quarantine) continue;
    NL_RETURN_IF_ERROR(AddTable(catalog, *quarantine, "quarantine", columns, erasure, out, table.id));
  }
  return {};
}

Result<json::array> TablesOf(catalog::Catalog& catalog, const DataSubjectRecord& subject, ErasureInProgress& erasure) {
  std::map<TableId, std::vector<DataSubjectColumn>> by_table;
  for (const auto& column : subject.columns) by_table[column.table].push_back(column);
  json::array out;
  for (const auto& [id, columns] : by_table) {
    NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(id));
    if (table) {
      NL_RETURN_IF_ERROR(AddTable(catalog, *table, "table", columns, erasure, out));
      continue;
    }
    const auto dropped = catalog.FindDroppedTable(id);
    if (!dropped && dropped.error().code() == ErrorCode::kNotFound) continue;
    if (!dropped) return std::unexpected(dropped.error());
    return MakeError(ErrorCode::kDependentObjects,
                     "a table of the data subject was dropped and can come back with all its rows: UNDROP it first, or "
                     "wait until it is gone for good (setting undrop.keep): {}.{}",
                     dropped->table.schema_name, dropped->table.name);
  }
  return out;
}

/// Tables that were made from those of the subject and are none of them: nobody said where they name it.
Result<json::array> Copies(const RequestContext& ctx, catalog::Catalog& catalog, const ErasureInProgress& erasure) {
  std::set<std::string> found;
  std::optional<catalog::LineagePosition> after;
  for (int page = 0; page < kLineagePagesMax; ++page) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    NL_ASSIGN_OR_RETURN(const auto edges, catalog.ListLineage(after, kLineagePage));
    if (edges.empty()) break;
    after = edges.back().first;
    for (const auto& [position, edge] : edges) {
      const bool from_here = edge.source.kind == "table" && erasure.tables.contains(TableId(edge.source.id));
      if (from_here && edge.target.kind == "table" && !erasure.tables.contains(TableId(edge.target.id))) {
        found.insert(edge.target.id);
      }
    }
  }
  json::array rows;
  for (const std::string& id : found) {
    NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(TableId(id)));
    if (table) rows.push_back(json::array{table->schema_name + "." + table->name});
  }
  return rows;
}

Result<json::value> Begin(const ErasureContext& context, const json::object& arguments) {
  ErasureInProgress& erasure = context.erasure;
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "subject"));
  NL_ASSIGN_OR_RETURN(const std::string value, StringMember(arguments, "value"));
  NL_ASSIGN_OR_RETURN(erasure.dry_run, BoolMember(arguments, "dry_run"));
  if (!erasure.record.id.empty()) return MakeError(ErrorCode::kInternal, "a worker began an erasure twice");
  NL_ASSIGN_OR_RETURN(const auto subject, context.catalog.data_subjects().FindSubject(name));
  bool may = false;
  if (subject) {
    NL_ASSIGN_OR_RETURN(may, MayForget(context.catalog, context.ctx.principal(), subject->id));
  }
  if (!may) return NotThere(name);
  const Principal& principal = context.ctx.principal();
  if (!principal.Has(Right::kRead) || !principal.Has(Right::kWrite)) {
    return MakeError(ErrorCode::kPermissionDenied, "FORGET SUBJECT needs the rights to read and to write");
  }
  const std::string key_hash = context.trail.constants().HashOf("subject:" + subject->id + ":" + value);
  NL_ASSIGN_OR_RETURN(const auto earlier, context.catalog.data_subjects().FindErasure(subject->id, key_hash));
  erasure.key = value;
  if (earlier) erasure.record = *earlier;
  if (erasure.record.id.empty()) erasure.record = {.id = NewUuid(), .started = context.ctx.clock().Now()};
  ErasureRecord& record = erasure.record;
  record.subject_id = subject->id;
  record.subject_name = subject->name;
  record.key_hash = key_hash;
  record.state = "running";
  record.principal = principal.name;
  record.statement = context.statement;
  NL_ASSIGN_OR_RETURN(auto tables, TablesOf(context.catalog, *subject, erasure));
  // From here on the statement sees rows whatever policies say, and everybody can see that it did.
  NL_RETURN_IF_ERROR(context.trail.Change(context.ctx, erasure.dry_run ? "preview_erasure" : "begin_erasure",
                                          {{"erasure", record.id},
                                           {"data_subject", record.subject_name},
                                           {"key_hash", key_hash},
                                           {"past_policies", "true"},
                                           {"tables", json::serialize(json::value_from(erasure.table_names))}},
                                          context.statement.value()));
  if (!erasure.dry_run) NL_RETURN_IF_ERROR(context.catalog.data_subjects().SaveErasure(record));
  NL_ASSIGN_OR_RETURN(auto remembered, Recall(context));
  NL_ASSIGN_OR_RETURN(auto copies, Copies(context.ctx, context.catalog, erasure));
  return json::value{{"erasure", record.id},
                     {"tables", std::move(tables)},
                     {"values", std::move(remembered.values)},
                     {"texts", std::move(remembered.texts)},
                     {"seen", remembered.seen},
                     {"copies", std::move(copies)}};
}

Result<json::value> Remember(const ErasureContext& context, const json::object& arguments) {
  ErasureRecord& record = context.erasure.record;
  NL_ASSIGN_OR_RETURN(auto remembered, DecodeRemembered(arguments));
  const std::string text = json::serialize(json::object{
      {"values", std::move(remembered.values)}, {"texts", std::move(remembered.texts)}, {"seen", remembered.seen}});
  const std::string before = record.sealed;
  NL_ASSIGN_OR_RETURN(record.sealed, context.trail.constants().Seal({.literals = {text}, .parameters = {}}, record.id,
                                                                    context.ctx.clock().Now()));
  NL_RETURN_IF_ERROR(context.catalog.data_subjects().SaveErasure(record));
  if (!before.empty()) NL_RETURN_IF_ERROR(context.trail.constants().Erase({{before, 0}}));
  return json::value(json::object());
}

Result<json::value> Note(const ErasureContext& context, const json::object& arguments) {
  constexpr std::string_view kNumbers[] = {"rows",     "files_rewritten", "files_deleted",
                                           "versions", "first_version",   "log_files"};
  ErasureRecord& record = context.erasure.record;
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(const std::string state, StringMember(arguments, "state"));
  if (!context.erasure.tables.contains(TableId(id)) || (state != "purging" && state != "done")) {
    return BadMember("table");
  }
  NL_ASSIGN_OR_RETURN(const auto table, context.catalog.FindTable(TableId(id)));
  NL_ASSIGN_OR_RETURN(json::object report, ParseObject(record.report));
  auto& tables = report["tables"];
  if (!tables.is_object()) tables.emplace_object();
  auto& entry = tables.get_object()[id];
  if (!entry.is_object()) entry.emplace_object();
  json::object& known = entry.get_object();
  known["name"] = table ? table->schema_name + "." + table->name : id;
  known["state"] = state;
  for (const std::string_view number : kNumbers) {
    if (!arguments.contains(number)) continue;
    NL_ASSIGN_OR_RETURN(const int64_t value, IntMember(arguments, number));
    // An earlier run may have done a part of it.
    const auto* before = known.if_contains(number);
    const bool adds = number != "first_version" && before != nullptr && before->is_int64();
    known[number] = adds ? before->get_int64() + value : value;
  }
  record.report = json::serialize(report);
  if (state == "done") {
    NL_RETURN_IF_ERROR(context.trail.Change(
        context.ctx, "erase_table", {{"erasure", record.id}, {"table_id", id}, {"table", json::serialize(entry)}},
        context.statement.value()));
  }
  NL_RETURN_IF_ERROR(context.catalog.data_subjects().SaveErasure(record));
  return json::value(json::object());
}

SubjectMentions MentionsOf(const Remembered& remembered, const std::string& key) {
  KnownOfSubject known{.identifiers = {}, .texts = {}, .key = key};
  for (const auto& member : remembered.values) {
    if (!member.value().is_array()) continue;
    for (const auto& value : member.value().get_array()) {
      // A key that no row has is a word of whoever says the statement: it must not take all texts that have it.
      if (value.is_string() && (remembered.seen || value.get_string() != key)) {
        known.identifiers.emplace(value.get_string());
      }
    }
  }
  for (const auto& text : remembered.texts) {
    if (text.is_string()) known.texts.emplace(text.get_string());
  }
  return SubjectMentions(known);
}

json::array RowsOf(const SubjectTraces& traces) {
  json::array rows;
  const auto add = [&](const char* what, int64_t count, const char* note) {
    rows.push_back(json::array{what, count, note});
  };
  add("audit constants", traces.constants, "keys of constants in the audit log, destroyed");
  add("statements", traces.statements, "texts of system.queries, replaced");
  add("kept answers", traces.kept_answers, "of language models, all deleted");
  add("statistics", traces.statistics, "of ANALYZE and expectations of the tables, deleted");
  add("events", traces.events, "that wait for delivery, deleted");
  add("lineage", traces.lineage, "names of files, replaced");
  add("questions", traces.questions, "in plain language, and feedback on their answers, deleted");
  add("semantic models", traces.models.texts, "texts, taken out of the newest version; older ones, deleted");
  add("uploads", traces.uploads, "staged files, deleted");
  if (traces.uploads_unread > 0) {
    add("uploads not read", traces.uploads_unread, "packed: delete them if they may hold the subject");
  }
  for (const ModelMention& one : traces.models.left) {
    rows.push_back(json::array{"named in semantic model " + one.model, one.count,
                               "in " + one.places + ", which stay: replace or drop it, and run the statement again"});
  }
  for (const auto& [what, count] : traces.elsewhere) {
    rows.push_back(json::array{"named in " + what, count, "of the metadata store, which stay: change or drop them"});
  }
  return rows;
}

Result<void> Prove(const ErasureContext& context, const SubjectTraces& traces) {
  ErasureRecord& record = context.erasure.record;
  NL_ASSIGN_OR_RETURN(json::object report, ParseObject(record.report));
  json::object counted;
  const json::array rows = RowsOf(traces);
  for (const auto& row : rows) counted[row.get_array()[0].get_string()] = row.get_array()[1];
  report["traces"] = counted;
  record.report = json::serialize(report);
  return context.trail.Change(context.ctx, "end_erasure",
                              {{"erasure", record.id},
                               {"data_subject", record.subject_name},
                               {"key_hash", record.key_hash},
                               {"report", record.report}},
                              context.statement.value());
}

/// What looked at a version that is gone may still be on its way to say what it found.
Result<void> RaiseStatisticsFloors(const ErasureContext& context) {
  NL_ASSIGN_OR_RETURN(const json::object report, ParseObject(context.erasure.record.report));
  const auto* tables = report.if_contains("tables");
  if (tables == nullptr || !tables->is_object()) return {};
  for (const auto& [id, table] : tables->get_object()) {
    const auto* first = table.is_object() ? table.get_object().if_contains("first_version") : nullptr;
    if (first == nullptr || !first->is_int64() || first->get_int64() < 0) continue;
    NL_RETURN_IF_ERROR(
        context.catalog.data_subjects().RaiseStatisticsFloor(TableId(std::string(id)), first->get_int64()));
  }
  return {};
}

Result<json::value> Finish(const ErasureContext& context, const json::object& arguments) {
  ErasureInProgress& erasure = context.erasure;
  NL_ASSIGN_OR_RETURN(const Remembered remembered, erasure.dry_run ? DecodeRemembered(arguments) : Recall(context));
  const SubjectMentions mentions = MentionsOf(remembered, erasure.key);
  NL_ASSIGN_OR_RETURN(const SubjectTraces traces, FindTraces({.ctx = context.ctx,
                                                              .catalog = context.catalog,
                                                              .trail = context.trail,
                                                              .mentions = mentions,
                                                              .tables = {erasure.tables.begin(), erasure.tables.end()},
                                                              .table_names = erasure.table_names,
                                                              .staging_directory = context.staging_directory,
                                                              .erase = !erasure.dry_run}));
  if (!erasure.dry_run) {
    ErasureRecord& record = erasure.record;
    NL_RETURN_IF_ERROR(RaiseStatisticsFloors(context));
    if (!record.sealed.empty()) NL_RETURN_IF_ERROR(context.trail.constants().Erase({{record.sealed, 0}}));
    // It is done, and proven, when nothing of it is left to do.
    NL_RETURN_IF_ERROR(context.catalog.data_subjects().Scrub());
    NL_RETURN_IF_ERROR(Prove(context, traces));
    record.sealed.clear();
    record.state = "done";
    record.ended = context.ctx.clock().Now();
    NL_RETURN_IF_ERROR(context.catalog.data_subjects().SaveErasure(record));
  }
  return json::value{{"rows", RowsOf(traces)}};
}

}  // namespace

bool IsErasureAction(std::string_view action) {
  return std::ranges::find(kDeclarations, action) != std::end(kDeclarations) ||
         std::ranges::find(kErasures, action) != std::end(kErasures);
}

Result<json::value> RunErasureAction(const ErasureContext& context, const std::string& action,
                                     const json::object& arguments) {
  if (std::ranges::find(kDeclarations, action) != std::end(kDeclarations)) {
    return RunDataSubjectAction(context.ctx, context.catalog, action, arguments);
  }
  if (action == "begin_erasure") return Begin(context, arguments);
  if (context.erasure.record.id.empty()) {
    return MakeError(ErrorCode::kInternal, "a worker goes on with an erasure that it did not begin");
  }
  if (action == "finish_erasure") return Finish(context, arguments);
  if (context.erasure.dry_run) return MakeError(ErrorCode::kInternal, "a worker erases in a dry run");
  return action == "remember_erasure" ? Remember(context, arguments) : Note(context, arguments);
}

}  // namespace neurolake::query
