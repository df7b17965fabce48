#include "tables/delta/internal/commit_body.h"

#include <simdjson.h>

#include <unordered_set>

#include "tables/delta/internal/conflict.h"
#include "tables/delta/internal/fresh_row_ids.h"
#include "tables/delta/internal/json_text.h"
#include "tables/delta/reconciler.h"
#include "tables/delta/row_tracking.h"
#include "tables/delta/snapshot.h"
#include "tables/delta/statistics.h"

namespace neurolake::tables::delta::internal {
namespace {

constexpr int kWriterVersionWithFeatures = 7;
constexpr std::string_view kEnablementVersion = "delta.inCommitTimestampEnablementVersion";
constexpr std::string_view kEnablementTimestamp = "delta.inCommitTimestampEnablementTimestamp";

std::string PropertyOf(const Metadata& metadata, std::string_view name) {
  auto found = metadata.configuration.find(std::string(name));
  return found == metadata.configuration.end() ? "" : found->second;
}

/// Other readers take the parameters for a map of strings, so every other JSON value is put into one.
std::string ParameterAsString(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  const bool valid = parser.parse(simdjson::padded_string(json)).get(element) == simdjson::SUCCESS;
  return valid && element.is_string() ? json : JsonString(json);
}

template <typename Action>
Result<void> CheckPathsOnce(const std::vector<Action>& actions) {
  std::unordered_set<std::string> seen;
  seen.reserve(actions.size());
  for (const Action& action : actions) {
    if (action.path.empty()) return MakeError(ErrorCode::kInvalidArgument, "a file action has no path");
    if (!seen.insert(FileKey(action.path, std::nullopt)).second) {
      return MakeError(ErrorCode::kInvalidArgument, "a commit names one file twice: {}", action.path);
    }
  }
  return {};
}

/// The order of actions in a commit means nothing: what is removed and added at once is neither.
Result<void> CheckEitherAddedOrRemoved(const CommitRequest& request) {
  if (request.adds.empty() || request.removes.empty()) return {};
  std::unordered_set<std::string> removed;
  removed.reserve(request.removes.size());
  for (const RemoveFile& remove : request.removes) removed.insert(FileKey(remove.path, remove.deletion_vector));
  for (const AddFile& add : request.adds) {
    if (!removed.contains(FileKey(add.path, add.deletion_vector))) continue;
    return MakeError(ErrorCode::kInvalidArgument, "a commit adds and removes one file: {}", add.path);
  }
  return {};
}

/// "Values for all partition columns present in the schema MUST be present for all files in the table."
Result<void> CheckPartitionValues(const Metadata& metadata, const std::vector<AddFile>& adds) {
  if (adds.empty()) return {};
  NL_ASSIGN_OR_RETURN(auto schema, ParseSchema(metadata.schema_string));
  std::vector<std::string> physical_names;
  for (const std::string& column : metadata.partition_columns) {
    auto field = std::ranges::find(schema.fields, column, &StructField::name);
    if (field == schema.fields.end()) {
      return MakeError(ErrorCode::kInvalidArgument, "a partition column is not in the schema: {}", column);
    }
    physical_names.push_back(field->physical_name());
  }
  for (const AddFile& add : adds) {
    const bool fits = add.partition_values.size() == physical_names.size() &&
                      std::ranges::all_of(physical_names,
                                          [&](const std::string& name) { return add.partition_values.contains(name); });
    if (!fits) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "a file's partition values are not those of the table's partition columns");
    }
  }
  return {};
}

Result<void> CheckDeletionVectors(const Protocol& protocol, const std::vector<AddFile>& adds) {
  for (const AddFile& add : adds) {
    if (!add.deletion_vector.has_value()) continue;
    if (!protocol.HasReaderFeature("deletionVectors") || !protocol.HasWriterFeature("deletionVectors")) {
      return MakeError(ErrorCode::kInvalidArgument, "a file has a deletion vector, the table not that feature");
    }
    if (!ParseStatistics(add.stats, {}).record_count.has_value()) {
      return MakeError(ErrorCode::kInvalidArgument, "a file with a deletion vector needs numRecords in its statistics");
    }
  }
  return {};
}

Result<void> CheckNamesOnce(const CommitRequest& request) {
  std::unordered_set<std::string> names;
  for (const SetTransaction& transaction : request.transactions) {
    if (!names.insert(transaction.app_id).second) {
      return MakeError(ErrorCode::kInvalidArgument, "a commit names one application twice: {}", transaction.app_id);
    }
  }
  names.clear();
  for (const DomainMetadata& domain : request.domains) {
    if (!names.insert(domain.domain).second) {
      return MakeError(ErrorCode::kInvalidArgument, "a commit names one domain twice: {}", domain.domain);
    }
  }
  return {};
}

}  // namespace

bool UsesInCommitTimestamps(const Protocol& protocol, const Metadata& metadata) {
  return protocol.min_writer_version == kWriterVersionWithFeatures && protocol.HasWriterFeature("inCommitTimestamp") &&
         PropertyOf(metadata, "delta.enableInCommitTimestamps") == "true";
}

const Protocol& EffectiveProtocol(const TableState& before, const CommitRequest& request) {
  return request.protocol.has_value() ? *request.protocol : *before.protocol;
}

const Metadata& EffectiveMetadata(const TableState& before, const CommitRequest& request) {
  return request.metadata.has_value() ? *request.metadata : *before.metadata;
}

Result<void> CheckRequest(const TableState& before, const CommitRequest& request) {
  if (before.protocol.has_value()) NL_RETURN_IF_ERROR(CheckWritable(*before.protocol, *before.metadata));
  const Protocol& protocol = EffectiveProtocol(before, request);
  const Metadata& metadata = EffectiveMetadata(before, request);
  if (request.protocol.has_value() || request.metadata.has_value()) {
    NL_RETURN_IF_ERROR(CheckWritable(protocol, metadata));
  }
  if (request.operation.empty()) return MakeError(ErrorCode::kInvalidArgument, "a commit needs an operation");
  NL_RETURN_IF_ERROR(CheckPathsOnce(request.adds));
  NL_RETURN_IF_ERROR(CheckPathsOnce(request.removes));
  NL_RETURN_IF_ERROR(CheckPathsOnce(request.changes));
  NL_RETURN_IF_ERROR(CheckEitherAddedOrRemoved(request));
  NL_RETURN_IF_ERROR(CheckNamesOnce(request));
  NL_RETURN_IF_ERROR(CheckPartitionValues(metadata, request.adds));
  NL_RETURN_IF_ERROR(CheckDeletionVectors(protocol, request.adds));
  if (!request.domains.empty() && !protocol.HasWriterFeature("domainMetadata")) {
    return MakeError(ErrorCode::kInvalidArgument, "a commit has domain metadata, the table not that feature");
  }
  // What holds is the property before the commit: nobody empties an append-only table by lifting it on the way.
  const bool append_only = before.metadata.has_value() && PropertyOf(*before.metadata, "delta.appendOnly") == "true";
  if (append_only && std::ranges::any_of(request.removes, &RemoveFile::data_change)) {
    return MakeError(ErrorCode::kReadOnly, "the table is append-only (delta.appendOnly), its rows cannot be changed");
  }
  return {};
}

Result<CommitBody> CommitBody::Make(const TableState& before, const CommitRequest& request,
                                    std::string transaction_id) {
  CommitBody body(before, request, std::move(transaction_id));
  std::string& lines = body.file_lines_;
  auto append = [&](const auto& actions) {
    for (const auto& action : actions) {
      lines += ToJsonLine(action);
      lines += '\n';
    }
  };
  append(request.transactions);
  append(request.domains);
  append(request.removes);
  if (TracksRows(EffectiveProtocol(before, request), EffectiveMetadata(before, request))) {
    NL_ASSIGN_OR_RETURN(auto row_ids, FreshRowIds::Make(request));
    body.row_ids_ = std::make_shared<const FreshRowIds>(std::move(row_ids));
  } else {
    append(request.adds);
  }
  append(request.changes);
  const std::string sample = body.ForAttempt({.version = 0, .now_ms = 0});
  if (!simdjson::validate_utf8(sample)) {
    return MakeError(ErrorCode::kInvalidArgument, "a commit has a text that is not UTF-8");
  }
  return body;
}

std::string CommitBody::ForAttempt(const Attempt& attempt) const {
  std::string text = CommitInfoLine(attempt) + "\n";
  if (request_->protocol.has_value()) text += ToJsonLine(*request_->protocol) + "\n";
  if (request_->metadata.has_value()) text += ToJsonLine(MetadataForAttempt(attempt)) + "\n";
  text += file_lines_;
  if (row_ids_ != nullptr) text += row_ids_->Lines(attempt.version, attempt.row_id_mark);
  return text;
}

ChecksumStep CommitBody::StepFor(const Attempt& attempt) const {
  ChecksumStep step = StepOf(request_->adds, request_->removes);
  step.protocol = request_->protocol;
  if (request_->metadata.has_value()) step.metadata = MetadataForAttempt(attempt);
  step.transactions = request_->transactions;
  step.domains = request_->domains;
  if (row_ids_ != nullptr && row_ids_->MarkAfter(attempt.row_id_mark) > attempt.row_id_mark) {
    step.domains.push_back(RowIdMarkDomain(row_ids_->MarkAfter(attempt.row_id_mark)));
  }
  step.transaction_id = transaction_id_;
  step.in_commit_timestamp_ms = attempt.in_commit_timestamp_ms;
  return step;
}

std::string CommitBody::CommitInfoLine(const Attempt& attempt) const {
  std::string out;
  JsonObjectWriter outer(out);
  outer.Key("commitInfo");
  JsonObjectWriter info(out);
  if (attempt.in_commit_timestamp_ms.has_value()) info.Number("inCommitTimestamp", *attempt.in_commit_timestamp_ms);
  info.Number("timestamp", attempt.in_commit_timestamp_ms.value_or(attempt.now_ms));
  if (!request_->user_name.empty()) info.Text("userName", request_->user_name);
  info.Text("operation", request_->operation);
  info.Key("operationParameters");
  JsonObjectWriter parameters(out);
  for (const auto& [name, json] : request_->operation_parameters) parameters.Raw(name, ParameterAsString(json));
  parameters.Close();
  if (request_->read_version >= 0) info.Number("readVersion", request_->read_version);
  info.Text("isolationLevel", IsolationName(IsolationOf(*before_, *request_)));
  info.Boolean("isBlindAppend", request_->blind_append);
  info.Key("operationMetrics");
  JsonObjectWriter metrics(out);
  for (const auto& [name, value] : request_->operation_metrics) metrics.Text(name, value);
  const std::vector<std::string>& grouped = request_->grouped_statements;
  if (!grouped.empty()) metrics.Text("numGroupedStatements", fmt::format("{}", grouped.size()));
  metrics.Close();
  const bool keeps_row_ids =
      KeepsRowIds(EffectiveProtocol(*before_, *request_), EffectiveMetadata(*before_, *request_));
  if (keeps_row_ids || !grouped.empty()) {
    info.Key("tags");
    JsonObjectWriter tags(out);
    if (keeps_row_ids) tags.Text("delta.rowTracking.preserved", "true");
    if (!grouped.empty()) tags.Text("neurolake.statements", fmt::format("{}", fmt::join(grouped, ",")));
    tags.Close();
  }
  if (!request_->engine_info.empty()) info.Text("engineInfo", request_->engine_info);
  if (!request_->statement_id.empty()) info.Text("statementId", request_->statement_id);
  info.Text("txnId", transaction_id_);
  info.Close();
  outer.Close();
  return out;
}

Metadata CommitBody::MetadataForAttempt(const Attempt& attempt) const {
  Metadata metadata = *request_->metadata;
  if (!before_->metadata.has_value() || !attempt.in_commit_timestamp_ms.has_value()) return metadata;
  if (!UsesInCommitTimestamps(*before_->protocol, *before_->metadata)) {
    // This very commit switches them on, on a table that has commits without.
    metadata.configuration.insert_or_assign(std::string(kEnablementVersion), fmt::format("{}", attempt.version));
    metadata.configuration.insert_or_assign(std::string(kEnablementTimestamp),
                                            fmt::format("{}", *attempt.in_commit_timestamp_ms));
    return metadata;
  }
  for (std::string_view name : {kEnablementVersion, kEnablementTimestamp}) {
    const std::string value = PropertyOf(*before_->metadata, name);
    if (!value.empty()) metadata.configuration.try_emplace(std::string(name), value);
  }
  return metadata;
}

}  // namespace neurolake::tables::delta::internal
