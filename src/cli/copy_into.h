#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "common/result.h"

namespace neurolake::cli {

/// "silver.flights" as `"silver"."flights"`; parts may be quoted already. Errors: kInvalidArgument unless it has one to
/// three parts, none empty.
Result<std::string> QuoteTableName(std::string_view name);

/// The file format by a file's name: "flights.csv.gz" is "csv", ".ndjson" and ".jsonl" are "json".
/// Errors: kInvalidArgument for other endings.
Result<std::string> FormatOfFile(std::string_view path);

enum class CopyMode : uint8_t {
  kLoad,
  kDryRun,  ///< Read the files and give the schema; load nothing.
};

/// The COPY INTO statement (docs/ingestion.md) for what `ingest` was asked. `paths` name the files as the lake sees
/// them; `schema_text` is the schema file's content. An option given several times is one value: a JSON array of
/// strings. Errors: kInvalidArgument for files of several formats, bad maps and options.
Result<std::string> ComposeCopyInto(const IngestArguments& ingest, const std::vector<std::string>& paths,
                                    const std::string& schema_text, CopyMode mode);

/// The PROMOTE statement that moves on from table `from` to `to` what came since the last one.
Result<std::string> ComposePromotion(const std::string& from, const std::string& to);

/// True for "https://…", "s3://…" and the like: named to the server as they are, never uploaded.
bool IsRemotePath(std::string_view path);

}  // namespace neurolake::cli
