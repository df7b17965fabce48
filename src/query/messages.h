#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "engine/duckdb/engine.h"
#include "engine/duckdb/lake_provider.h"
#include "query/append_messages.h"
#include "query/service.h"

// The JSON payloads of worker frames, both ways. Decoding treats the text as hostile: a missing or mistyped member is
// kCorruption, never a crash. Source: docs/formats/worker-protocol.md.

namespace neurolake::query {

/// A directory that COPY INTO may read from, and what statements call it.
struct ReadableLocation {
  std::string name;  ///< "upload", an external location's name, or empty for a place named by its path alone.
  std::string path;  ///< Absolute, ends in "/".
};

/// Everything a worker needs to run one statement.
struct StartMessage {
  std::string statement_id;
  std::string request_id;
  std::string door;
  Principal principal;
  StatementRequest request;
  int64_t memory_bytes = 0;    ///< The statement's limit: the most it can be granted.
  int64_t planning_bytes = 0;  ///< What it has until it is granted memory.
  int64_t deadline_ms = 0;     ///< From receipt.
  int64_t log_level = 0;       ///< The server's, so that a worker's log says as much and no more.
  std::vector<ReadableLocation> readable;
  int64_t append_rows_max = 0;  ///< An INSERT of no more may hand its rows over; 0: none may.
  int64_t append_bytes_max = 0;
  std::vector<std::string> denied_functions = {};    ///< That the principal may not execute.
  std::optional<GroupMessage> group = std::nullopt;  ///< Write these rows, instead of a statement.
};

/// Microseconds each stage took, in the order they ran.
using StageTimes = std::vector<std::pair<std::string, int64_t>>;

/// What a statement is going to do, before it does it.
struct PlannedMessage {
  std::string kind;
  std::string tables_json = "[]";
  std::string prediction_json = "{}";
  int64_t memory_bytes = 0;  ///< Predicted need; -1: no rule bounds it.
  /// There is no plan yet: the statement needs so much more to read the log of a large table.
  bool reserve = false;
};

/// The server's answer to a plan: memory to execute with, or why there is none.
struct GrantMessage {
  int64_t memory_bytes = 0;
  std::optional<Error> error;
};

struct DoneMessage {
  engine::duckdb::ExecutionStatistics statistics;
  StageTimes stages;
};

struct FailedMessage {
  Error error{ErrorCode::kInternal, ""};
  StageTimes stages;
  bool engine_broken = false;  ///< The worker exits after this frame.
};

std::string Encode(const StartMessage& message);
std::string Encode(const PlannedMessage& message);
std::string Encode(const GrantMessage& message);
std::string Encode(const DoneMessage& message);
std::string Encode(const FailedMessage& message);
Result<StartMessage> DecodeStart(std::string_view json);
Result<PlannedMessage> DecodePlanned(std::string_view json);
Result<GrantMessage> DecodeGrant(std::string_view json);
Result<DoneMessage> DecodeDone(std::string_view json);
Result<FailedMessage> DecodeFailed(std::string_view json);

/// Stage times as {"bind_us": 120, …}.
std::string StagesJson(const StageTimes& stages);

// LakeProvider's arguments and answers.
boost::json::object EncodeError(const Error& error);
Error DecodeError(const boost::json::object& object);
boost::json::object EncodeTable(const engine::duckdb::TableEntry& table);
Result<engine::duckdb::TableEntry> DecodeTable(const boost::json::object& object);
boost::json::object EncodeView(const engine::duckdb::ViewEntry& view);
Result<engine::duckdb::ViewEntry> DecodeView(const boost::json::object& object);
boost::json::object EncodeChange(const engine::duckdb::NameChange& change);
Result<engine::duckdb::NameChange> DecodeChange(const boost::json::object& object);
boost::json::object EncodeCreation(const engine::duckdb::TableCreation& creation);
Result<engine::duckdb::TableCreation> DecodeCreation(const boost::json::object& object);
boost::json::object EncodeCommit(const engine::duckdb::LakeCommit& commit);
Result<engine::duckdb::LakeCommit> DecodeCommit(const boost::json::object& object);
boost::json::object EncodeReadScope(const tables::delta::ReadScope& scope);
Result<tables::delta::ReadScope> DecodeReadScope(const boost::json::object& object);

// Members of an object that may be hostile.
/// The error for a member that is missing or of the wrong type.
std::unexpected<Error> BadMember(std::string_view name);
Result<std::string> StringMember(const boost::json::object& object, std::string_view name);
Result<int64_t> IntMember(const boost::json::object& object, std::string_view name);
Result<bool> BoolMember(const boost::json::object& object, std::string_view name);
Result<boost::json::object> ParseObject(std::string_view json);

}  // namespace neurolake::query
