#include "query/openlineage_event.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>

#include "common/text.h"
#include "query/fingerprint.h"
#include "query/lineage_edges.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::LineageEnd;
using catalog::StatementRecord;
using plan::DependenceKind;
using plan::LineageDigest;
using plan::LineageSource;

constexpr const char* kProducer = "urn:neurolake:" NL_VERSION;

json::object Facet(const char* schema, json::object members) {
  members["_producer"] = kProducer;
  members["_schemaURL"] = fmt::format("https://openlineage.io/spec/facets/{}", schema);
  return members;
}

const char* StateName(RunState state) {
  switch (state) {
    case RunState::kStart: return "START";
    case RunState::kComplete: return "COMPLETE";
    case RunState::kFail: return "FAIL";
    case RunState::kAbort: return "ABORT";
  }
  NL_UNREACHABLE();
}

/// Statement ids are UUIDs where we make them; one that a client chose need not be.
std::string RunId(const StatementRecord& statement) {
  const std::string& id = statement.id.value();
  constexpr std::string_view kPattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  const auto fits = [](char place, char c) {
    return place == '-' ? c == '-' : std::isxdigit(static_cast<unsigned char>(c)) != 0;
  };
  if (id.size() == kPattern.size() && std::ranges::equal(kPattern, id, fits)) return LowerAscii(id);
  const std::string hash = Sha256Hex(id);
  return fmt::format("{}-{}-8{}-a{}-{}", hash.substr(0, 8), hash.substr(8, 4), hash.substr(12, 3), hash.substr(15, 3),
                     hash.substr(18, 12));
}

json::array ParseTables(const StatementRecord& statement) {
  boost::system::error_code problem;
  json::value value = json::parse(statement.tables_json, problem);
  return problem || !value.is_array() ? json::array() : std::move(value.get_array());
}

std::string Text(const json::object& object, const char* name) {
  const auto* member = object.if_contains(name);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

/// What is known of one dataset of an event.
struct Dataset {
  int64_t version = -1;
  std::vector<std::string> fields;
};

/// Tables by the plan's record, which queries have too, then what the plans that write said themselves.
std::map<std::string, Dataset> Inputs(const RunEvent& event) {
  std::map<std::string, Dataset> inputs;
  for (const auto& value : ParseTables(event.statement)) {
    if (!value.is_object() || Text(value.get_object(), "access") != "read") continue;
    Dataset& dataset = inputs[Text(value.get_object(), "table")];
    const auto* version = value.get_object().if_contains("version");
    if (version != nullptr && version->is_int64()) dataset.version = version->get_int64();
  }
  for (const LineageDigest& digest : *event.digests) {
    for (const auto& relation : digest.relations) {
      for (const LineageEnd& end : FindSources(relation, *event.effects)) {
        Dataset& dataset = inputs[end.name];
        dataset.version = std::max(dataset.version, end.version);
        dataset.fields = relation.fields;
      }
    }
  }
  return inputs;
}

json::object VersionFacet(int64_t version) {
  return Facet("1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet",
               {{"datasetVersion", std::to_string(version)}});
}

json::object SchemaFacet(json::array fields) {
  return Facet("1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet", {{"fields", std::move(fields)}});
}

/// Every column of every source, with the kinds of dependence: one list for a column, or for the whole table.
class InputFields {
 public:
  InputFields(const EventSettings& settings, const StatementEffects& effects)
      : settings_(settings), effects_(effects) {}

  void Add(const LineageDigest& digest, const std::vector<LineageSource>& sources) {
    for (const LineageSource& source : sources) {
      const auto& relation = digest.relations[source.relation];
      for (const LineageEnd& end : FindSources(relation, effects_)) {
        kinds_[{end.name, relation.fields[source.field]}] |= source.kinds;
      }
    }
  }
  bool empty() const { return kinds_.empty(); }
  json::array Write() const {
    json::array fields;
    for (const auto& [field, kinds] : kinds_) {
      json::array transformations;
      for (int kind = 0; kind < plan::kDependenceKinds; ++kind) {
        if ((kinds & (1U << kind)) == 0) continue;
        const auto dependence = static_cast<DependenceKind>(kind);
        transformations.push_back({{"type", IsDirect(dependence) ? "DIRECT" : "INDIRECT"},
                                   {"subtype", DependenceName(dependence)},
                                   {"description", ""},
                                   {"masking", false}});
      }
      fields.push_back({{"namespace", settings_.name_space},
                        {"name", field.first},
                        {"field", field.second},
                        {"transformations", std::move(transformations)}});
    }
    return fields;
  }

 private:
  const EventSettings& settings_;
  const StatementEffects& effects_;
  std::map<std::pair<std::string, std::string>, unsigned> kinds_;
};

std::optional<json::object> ColumnLineageFacet(const EventSettings& settings, const RunEvent& event,
                                               const LineageEnd& output) {
  std::map<std::string, InputFields> columns;
  InputFields rows(settings, *event.effects);
  for (const LineageDigest& digest : *event.digests) {
    const auto target = FindTarget(digest, *event.effects);
    if (!target || target->name != output.name) continue;
    for (const auto& column : digest.columns) {
      columns.try_emplace(column.name, settings, *event.effects).first->second.Add(digest, column.sources);
    }
    rows.Add(digest, digest.rows);
  }
  json::object fields;
  for (const auto& [name, inputs] : columns) {
    if (!inputs.empty()) fields[name] = json::object{{"inputFields", inputs.Write()}};
  }
  if (fields.empty() && rows.empty()) return std::nullopt;
  json::object members{{"fields", std::move(fields)}};
  if (!rows.empty()) members["dataset"] = rows.Write();
  return Facet("1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet", std::move(members));
}

json::array WriteInputs(const EventSettings& settings, const RunEvent& event) {
  json::array array;
  for (const auto& [name, dataset] : Inputs(event)) {
    json::object facets;
    if (dataset.version >= 0) facets["version"] = VersionFacet(dataset.version);
    json::array fields;
    for (const std::string& field : dataset.fields) fields.push_back(json::object{{"name", field}});
    if (!fields.empty()) facets["schema"] = SchemaFacet(std::move(fields));
    array.push_back({{"namespace", settings.name_space}, {"name", name}, {"facets", std::move(facets)}});
  }
  return array;
}

json::object OutputFacets(const EventSettings& settings, const RunEvent& event, const LineageEnd& output) {
  json::object facets;
  if (output.version >= 0) facets["version"] = VersionFacet(output.version);
  for (const LineageDigest& digest : *event.digests) {
    const auto target = FindTarget(digest, *event.effects);
    if (!target || target->name != output.name || digest.target_fields.empty()) continue;
    json::array fields;
    for (const auto& field : digest.target_fields) {
      json::object one{{"name", field.name}};
      if (!field.type.empty()) one["type"] = field.type;
      fields.push_back(std::move(one));
    }
    facets["schema"] = SchemaFacet(std::move(fields));
  }
  if (auto lineage = ColumnLineageFacet(settings, event, output)) facets["columnLineage"] = std::move(*lineage);
  return facets;
}

json::array WriteOutputs(const EventSettings& settings, const RunEvent& event) {
  json::array array;
  std::set<std::string> seen;
  for (const auto& publication : event.effects->published) {
    if (!seen.insert(publication.name).second) continue;
    json::object statistics{{"size", publication.bytes}, {"fileCount", publication.files}};
    if (event.statement.rows_changed >= 0) statistics["rowCount"] = event.statement.rows_changed;
    const LineageEnd output{"table", publication.table.value(), publication.name, publication.version};
    array.push_back({{"namespace", settings.name_space},
                     {"name", publication.name},
                     {"facets", OutputFacets(settings, event, output)},
                     {"outputFacets",
                      {{"outputStatistics",
                        Facet("1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet",
                              std::move(statistics))}}}});
  }
  for (const std::string& view : event.effects->created_views) {
    const LineageEnd output{.kind = "view", .id = {}, .name = view};
    array.push_back(
        {{"namespace", settings.name_space}, {"name", view}, {"facets", OutputFacets(settings, event, output)}});
  }
  return array;
}

json::object RunFacets(const RunEvent& event) {
  json::object facets{{"processing_engine", Facet("1-1-1/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet",
                                                  {{"version", NL_VERSION}, {"name", "NeuroLake"}})}};
  if (event.state == RunState::kFail || event.state == RunState::kAbort) {
    facets["errorMessage"] = Facet("1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet",
                                   {{"message", event.statement.error_code + ": " + event.statement.error_message},
                                    {"programmingLanguage", "SQL"}});
  }
  return facets;
}

json::object JobFacets(const EventSettings& settings, const RunEvent& event) {
  json::object facets{
      {"jobType", Facet("2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet",
                        {{"processingType", "BATCH"}, {"integration", "NEUROLAKE"}, {"jobType", "QUERY"}})}};
  if (settings.sql) {
    facets["sql"] = Facet("1-1-0/SQLJobFacet.json#/$defs/SQLJobFacet",
                          {{"query", NormalizeForFingerprint(event.statement.text)}, {"dialect", "neurolake"}});
  }
  return facets;
}

}  // namespace

std::string JobName(const StatementRecord& statement) {
  for (const auto& value : ParseTables(statement)) {
    if (value.is_object() && Text(value.get_object(), "access") == "write") return Text(value.get_object(), "table");
  }
  return "statement-" + statement.fingerprint.substr(0, 16);
}

std::string MakeRunEvent(const EventSettings& settings, const RunEvent& event) {
  json::object object{
      {"eventType", StateName(event.state)},
      {"eventTime", FormatTimestamp(event.at)},
      {"producer", kProducer},
      {"schemaURL", "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"},
      {"run", {{"runId", RunId(event.statement)}, {"facets", RunFacets(event)}}},
      {"job", {{"namespace", settings.name_space}, {"name", event.job}, {"facets", JobFacets(settings, event)}}},
      {"inputs", json::array()},
      {"outputs", json::array()}};
  // A statement that failed took nothing anywhere.
  if (event.state == RunState::kComplete) {
    object["inputs"] = WriteInputs(settings, event);
    object["outputs"] = WriteOutputs(settings, event);
  }
  return json::serialize(object);
}

}  // namespace neurolake::query
