#pragma once
#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "engine/duckdb/engine.h"
#include "engine/duckdb/lake_provider.h"

// Rows of group commit between server and worker. Source: docs/formats/worker-protocol.md, "Attachments".

namespace neurolake::query {

/// A JSON text with byte strings behind it: a NUL, then each with its length (4 bytes, little endian).
std::string Attach(std::string json, std::span<const std::string_view> attachments);
struct Attached {
  std::string_view json;
  std::vector<std::string_view> attachments;
};
/// Views of `payload`. Errors: kCorruption for lengths that are not its own.
Result<Attached> Detach(std::string_view payload);

/// Rows as they came from a worker and go to another.
struct GroupMember {
  std::string schema;                ///< Arrow IPC schema message.
  std::vector<std::string> batches;  ///< Arrow IPC record batch messages.
};

/// A group of INSERTs to be written by one worker.
struct GroupMessage {
  TableId table;
  engine::duckdb::RelationName name;  ///< What the table is called now.
  std::string definition;
  bool compact = false;  ///< Files may be merged when the version is made.
  std::vector<GroupMember> members;
};
std::string EncodeGroup(const GroupMessage& group, boost::json::object start);
/// nullopt if the start message is of a statement like any other.
Result<std::optional<GroupMessage>> DecodeGroup(const boost::json::object& start,
                                                std::span<const std::string_view> attachments);

/// The members' rows for the engine. Errors: kCorruption.
Result<std::shared_ptr<engine::duckdb::GroupedRows>> ReadGroupedRows(const GroupMessage& group);

/// Looks through rows that a worker handed over, of which nothing is believed: that they are Arrow and not too many for
/// a batch. Returns how many. Errors: kCorruption.
Result<int64_t> CountRows(const GroupMember& rows);

}  // namespace neurolake::query
