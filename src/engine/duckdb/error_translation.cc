#include "engine/duckdb/internal/error_translation.h"

#include "common/log.h"
#include "common/text.h"
#include "engine/duckdb/engine.h"
#include "engine/duckdb/internal/bind_messages.h"

namespace neurolake::engine::duckdb {
namespace {

using native::ExceptionType;
constexpr const char* kCodeKey = "neurolake_code";
constexpr std::string_view kDetailPrefix = "neurolake_detail_";

std::string Extra(const native::ErrorData& error, const std::string& key) {
  auto found = error.ExtraInfo().find(key);
  return found == error.ExtraInfo().end() ? std::string() : found->second;
}

// One of ours that came through DuckDB.
std::optional<Error> OurOwn(const native::ErrorData& error) {
  const std::string code = Extra(error, kCodeKey);
  if (code.empty()) return std::nullopt;
  Error ours(ErrorCodeFromName(code), error.RawMessage());
  for (const auto& [key, value] : error.ExtraInfo()) {
    if (key.starts_with(kDetailPrefix)) ours.With(key.substr(kDetailPrefix.size()), value);
  }
  return ours;
}

std::string_view FirstLine(std::string_view message) { return message.substr(0, message.find('\n')); }

Error MissingEntry(const native::ErrorData& error) {
  const std::string kind = LowerAscii(Extra(error, "type"));
  const std::string name = Extra(error, "name");
  if (kind.find("function") != std::string::npos || kind.find("macro") != std::string::npos) {
    return Error(ErrorCode::kFunctionNotFound, fmt::format("no such function: {}", name));
  }
  if (kind == "schema") return Error(ErrorCode::kSchemaNotFound, fmt::format("no such schema: {}", name));
  if (kind == "collation") return Error(ErrorCode::kBindError, fmt::format("no such collation: {}", name));
  if (kind == "type") return Error(ErrorCode::kBindError, fmt::format("no such type: {}", name));
  return Error(ErrorCode::kNotFound, fmt::format("no such table or view: {}", name));
}

// What stands between `before` and the next quote of a text that has no fields to read it from.
std::string Between(std::string_view text, std::string_view before, char quote) {
  const size_t begin = text.find(before);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + before.size());
  return std::string(text.substr(0, text.find(quote)));
}

// Catalogue errors that come as a text alone.
std::optional<Error> MissingByText(std::string_view text) {
  if (std::string schema = Between(text, "does not exist because schema \"", '"'); !schema.empty()) {
    return Error(ErrorCode::kSchemaNotFound, fmt::format("no such schema: {}", schema));
  }
  if (text.find("is not in the catalog, but it exists in") != std::string_view::npos) {
    // The engine knows it from an extension; that it could be loaded helps nobody here.
    const std::string name = Between(text, "with name \"", '"');
    const bool function = LowerAscii(std::string(text.substr(0, text.find(" with name")))).ends_with("function");
    return Error(function ? ErrorCode::kFunctionNotFound : ErrorCode::kBindError,
                 fmt::format("no such {}: {}", function ? "function" : "thing", name));
  }
  return std::nullopt;
}

Error BindError(const native::ErrorData& error) {
  if (auto missing = MissingByText(error.RawMessage())) return *std::move(missing);
  const std::string subtype = Extra(error, "error_subtype");
  if (subtype == "MISSING_ENTRY") return MissingEntry(error);
  if (subtype == "COLUMN_NOT_FOUND") {
    return Error(ErrorCode::kColumnNotFound, fmt::format("no such column: {}", Extra(error, "name")));
  }
  if (subtype == "NO_MATCHING_FUNCTION") {
    std::string call = Extra(error, "call");
    // The type of an ENUM spells its values out.
    if (call.find('\'') != std::string::npos) call.resize(call.find('('));
    return Error(ErrorCode::kFunctionNotFound, fmt::format("no function takes these argument types: {}", call));
  }
  const std::string_view line = FirstLine(error.RawMessage());
  if (auto known = KnownBindMessage(line)) return *std::move(known);
  if (line.find("does not exist") != std::string_view::npos) {
    return Error(ErrorCode::kNotFound, "something that the statement names does not exist");
  }
  if (line.find("already exists") != std::string_view::npos) {
    return Error(ErrorCode::kAlreadyExists, "something that the statement makes exists already");
  }
  return Error(ErrorCode::kBindError, "the statement cannot be bound: names, types or clauses in it do not fit");
}

// What the decoders of Parquet pages throw; they know of no file.
constexpr std::string_view kDecoderTexts[] = {"Out of buffer",
                                              "DBP decode did not find enough values",
                                              "DELTA_BINARY_PACKED should only be",
                                              "DELTA_BYTE_ARRAY - prefix",
                                              "BYTE_STREAM_SPLIT encoding is only",
                                              "Delta Length Byte Array encoding is only",
                                              "RLE encoding is only supported",
                                              "Varint-decoding found too large number",
                                              "Decode bit width too large",
                                              "Payload value bigger than allowed",
                                              "Struct child row count mismatch",
                                              "Prefetch registered",
                                              "don't know what type",
                                              "Variable-length int over",
                                              "No more data to read",
                                              "TTransportException",
                                              "Bad protocol ",
                                              "The width (",
                                              "FileOffset called on ColumnReader"};

// Messages of the Parquet reader come as plain input errors.
bool SpeaksOfParquet(std::string_view text) {
  for (std::string_view word : {"magic bytes", "Parquet file", "PARQUET", "Thrift", "TProtocol", "Snappy", "ZSTD",
                                "corrupt", "footer", "too small to be", "Page size mismatch", "in parquet read"}) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return text.starts_with("Failed to read file \"") || text.starts_with("Footer length error") ||
         std::ranges::any_of(kDecoderTexts, [&](std::string_view known) { return text.starts_with(known); });
}

// How messages of the Parquet reader and of the file system begin; a quoted path follows.
constexpr std::string_view kFilePrefixes[] = {"Failed to read file \"",
                                              "Failed to read Parquet file \"",
                                              "Failed to read Parquet file '",
                                              "Malformed Parquet schema in file \"",
                                              "Footer length error in file '",
                                              "Invalid footer length provided for file '",
                                              "No magic bytes found at end of file '",
                                              "Could not read from file \"",
                                              "Cannot open file \"",
                                              "File '"};

// ": NAME" of the file that such a message is about, else nothing. Its directories stay out: they hold partition
// values.
std::string FileSuffix(std::string_view text) {
  for (std::string_view prefix : kFilePrefixes) {
    if (!text.starts_with(prefix)) continue;
    std::string_view path = text.substr(prefix.size());
    path = path.substr(0, path.find(prefix.back()));
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
             c == '.';
    });
    return plain ? fmt::format(": {}", name) : std::string();
  }
  return {};
}

Error UndecodableFile(std::string_view text) {
  return Error(ErrorCode::kCorruption, "a data file of a table cannot be decoded" + FileSuffix(text));
}

Error IoError(std::string_view text) {
  if (text.find("No space left") != std::string_view::npos ||
      text.find("max_temp_directory_size") != std::string_view::npos) {
    return Error(ErrorCode::kDiskFull, "the disk is full");
  }
  if (text.find("No such file") != std::string_view::npos || text.find("No files found") != std::string_view::npos) {
    return Error(ErrorCode::kIoError, "a data file that the table's log names is missing" + FileSuffix(text));
  }
  if (SpeaksOfParquet(text)) return UndecodableFile(text);
  return Error(ErrorCode::kIoError, "a file could not be read or written" + FileSuffix(text));
}

Error SyntaxError(const native::ErrorData& error) {
  auto known = KnownParserMessage(FirstLine(error.RawMessage()));
  Error result = known ? *std::move(known) : Error(ErrorCode::kSyntaxError, "the statement cannot be parsed");
  const std::string position = Extra(error, "position");
  return position.empty() ? result : std::move(result).With("position", position);
}

// Conditions that come under many types, told by their text.
std::optional<Error> ByText(std::string_view text) {
  if (text.find("std::bad_alloc") != std::string_view::npos) {
    return Error(ErrorCode::kOutOfMemory, std::string(kMoreThanGranted));
  }
  // The grammar's stack, and the engine's own count of levels.
  if (text.starts_with("memory exhausted at or near") || text.starts_with("Max expression depth limit")) {
    return Error(ErrorCode::kSyntaxError, "the statement is nested too deeply, or joins too many parts");
  }
  return std::nullopt;
}

Error Rebuild(const native::ErrorData& error, ErrorStage stage, bool* broken) {
  const std::string& text = error.RawMessage();
  if (auto known = ByText(text)) return *std::move(known);
  switch (error.Type()) {
    case ExceptionType::PARSER:
    case ExceptionType::SYNTAX: return SyntaxError(error);
    case ExceptionType::BINDER:
    case ExceptionType::CATALOG:
    case ExceptionType::PLANNER:
    case ExceptionType::EXPRESSION:
    case ExceptionType::UNKNOWN_TYPE:
    case ExceptionType::DEPENDENCY:
      if (stage == ErrorStage::kBind) return BindError(error);
      return Error(ErrorCode::kBindError, "the statement cannot be planned");
    case ExceptionType::PARAMETER_NOT_RESOLVED:
    case ExceptionType::PARAMETER_NOT_ALLOWED:
      return Error(ErrorCode::kInvalidArgument, "the statement's parameters are not all given, or not allowed there");
    case ExceptionType::OUT_OF_RANGE:
    case ExceptionType::DECIMAL:
      return Error(ErrorCode::kNumericOutOfRange, "a number is out of the range of its type");
    case ExceptionType::CONVERSION:
      if (text.starts_with("Could not cast value ") && text.find(" to DECIMAL(38,") != std::string::npos) {
        return Error(ErrorCode::kNumericOutOfRange,
                     "a number has more digits than the 38 that results and tables hold; CAST it to DOUBLE or VARCHAR");
      }
      return Error(ErrorCode::kConversionFailed, "a value cannot be converted to the type asked for");
    case ExceptionType::MISMATCH_TYPE:
    case ExceptionType::INVALID_TYPE: return Error(ErrorCode::kTypeMismatch, "types do not match");
    case ExceptionType::DIVIDE_BY_ZERO: return Error(ErrorCode::kDivisionByZero, "division by zero");
    case ExceptionType::CONSTRAINT:
      return Error(ErrorCode::kNotNullViolation, "a row violates a constraint of the table");
    case ExceptionType::NOT_IMPLEMENTED:
    case ExceptionType::MISSING_EXTENSION:
    case ExceptionType::AUTOLOAD:
      if (stage == ErrorStage::kBind) {
        if (auto known = KnownBindMessage(FirstLine(text))) return *std::move(known);
      }
      return Error(ErrorCode::kNotSupported, "the statement uses something not supported");
    case ExceptionType::OUT_OF_MEMORY:
    case ExceptionType::OBJECT_SIZE: return Error(ErrorCode::kOutOfMemory, std::string(kMoreThanGranted));
    case ExceptionType::INTERRUPT: return Error(ErrorCode::kCancelled, "the statement was cancelled");
    case ExceptionType::PERMISSION:
    case ExceptionType::SETTINGS:
    case ExceptionType::INVALID_CONFIGURATION: return Error(ErrorCode::kPermissionDenied, "not allowed");
    case ExceptionType::IO:
    case ExceptionType::HTTP:
    case ExceptionType::NETWORK: return IoError(text);
    case ExceptionType::SERIALIZATION: return Error(ErrorCode::kCorruption, "a file cannot be decoded");
    case ExceptionType::TRANSACTION:
      return Error(ErrorCode::kInvalidArgument, "the transaction was ended by an earlier error, or there is none");
    case ExceptionType::SEQUENCE:
    case ExceptionType::INVALID_INPUT:
    case ExceptionType::INDEX:
    case ExceptionType::STAT:
    case ExceptionType::CONNECTION:
    case ExceptionType::SCHEDULER:
    case ExceptionType::EXECUTOR:
    case ExceptionType::OPTIMIZER:
    case ExceptionType::NULL_POINTER:
    case ExceptionType::INVALID:
      if (SpeaksOfParquet(text)) return UndecodableFile(text);
      if (stage == ErrorStage::kBind) return BindError(error);
      return Error(ErrorCode::kInvalidArgument, "a function was given a value it does not take");
    case ExceptionType::FATAL:
    case ExceptionType::INTERNAL:
      if (broken != nullptr) *broken = true;
      return Error(ErrorCode::kInternal, "the engine failed and is started anew");
  }
  NL_UNREACHABLE();
}

}  // namespace

native::unique_ptr<native::MaterializedQueryResult> QueryOrThrow(native::Connection& connection,
                                                                 const std::string& sql) {
  auto result = connection.Query(sql);
  if (result->HasError()) result->GetErrorObject().Throw();
  return result;
}

void ThrowLakeError(Error error) {
  native::unordered_map<native::string, native::string> extra;
  extra[kCodeKey] = std::string(ErrorName(error.code()));
  for (const auto& [key, value] : error.details()) extra[std::string(kDetailPrefix) + key] = value;
  // PERMISSION is the type that DuckDB neither retries nor takes as a reason to give up the transaction.
  throw native::Exception(extra, ExceptionType::PERMISSION, error.message());
}

Error UnreadableFile(const native::ErrorData& error, std::string_view path) {
  if (auto ours = OurOwn(error)) return *std::move(ours);
  const std::string& text = error.RawMessage();
  Log(LogLevel::kDebug, "engine error", "",
      {{"type", std::string(native::Exception::ExceptionTypeToString(error.Type()))}, {"text", text}});
  if (auto known = ByText(text)) return *std::move(known);
  if (error.Type() == ExceptionType::IO) return IoError(text);
  return UndecodableFile(fmt::format("Failed to read file \"{}\"", path));
}

Error RebuildError(const native::ErrorData& error, ErrorStage stage, std::string_view request_id, bool* broken) {
  if (auto ours = OurOwn(error)) return *std::move(ours);
  // For debugging alone: the text may quote rows.
  Log(LogLevel::kDebug, "engine error", request_id,
      {{"type", std::string(native::Exception::ExceptionTypeToString(error.Type()))}, {"text", error.RawMessage()}});
  return Rebuild(error, stage, broken);
}

}  // namespace neurolake::engine::duckdb
