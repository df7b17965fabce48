#include "query/commands/version_clause.h"

#include <charconv>

#include "common/text.h"

namespace neurolake::query {
namespace {

std::string TextBetween(const TokenCursor& cursor, size_t begin, size_t last) {
  TokenCursor end = cursor;
  end.MoveTo(last - 1);
  return std::string(cursor.sql().substr(begin, end.token().end - begin));
}

Result<std::string> ExpectTimestamp(TokenCursor& cursor) {
  const size_t begin = cursor.Position();
  const bool typed = cursor.IsWord("timestamp") || cursor.IsWord("timestamptz") || cursor.IsWord("date");
  // The engine's TIMESTAMP '…' leaves out an offset that is written; the string alone is cast with it.
  if (cursor.IsWord("timestamp") && cursor.IsString(1)) {
    cursor.Skip();
    const size_t text = cursor.Position();
    cursor.Skip();
    return TextBetween(cursor, text, cursor.index());
  }
  if (cursor.IsString() || (typed && cursor.IsString(1))) {
    cursor.MoveTo(cursor.index() + (typed ? 2 : 1));
    return TextBetween(cursor, begin, cursor.index());
  }
  if (cursor.IsSymbol("(")) {
    for (size_t depth = 0; cursor.Has(0);) {
      if (cursor.IsSymbol("(")) ++depth;
      if (cursor.IsSymbol(")")) --depth;
      cursor.Skip();
      if (depth == 0) return TextBetween(cursor, begin, cursor.index());
    }
  }
  return cursor.Unexpected("a timestamp in single quotes");
}

}  // namespace

Result<std::optional<VersionClause>> ParseVersionClause(TokenCursor& cursor) {
  VersionClause clause;
  if (cursor.AcceptWords({"version", "as", "of"})) {
    NL_ASSIGN_OR_RETURN(clause.version, cursor.ExpectInteger("a version number"));
    return clause;
  }
  if (!cursor.AcceptWords({"timestamp", "as", "of"})) return std::nullopt;
  NL_ASSIGN_OR_RETURN(clause.timestamp_sql, ExpectTimestamp(cursor));
  return clause;
}

Result<ResolvedVersion> ResolveVersion(CommandContext& context, const OpenedTable& table, const VersionClause& clause) {
  if (clause.version) {
    if (*clause.version >= 0 && *clause.version <= table.snapshot->version())
      return ResolvedVersion{*clause.version, ""};
    return MakeError(ErrorCode::kVersionNotFound, "the table has no such version, newest: {}, asked for: {}",
                     table.snapshot->version(), *clause.version);
  }
  NL_ASSIGN_OR_RETURN(const auto rows, context.QueryAsUser(fmt::format("SELECT epoch_us(CAST({} AS TIMESTAMPTZ))",
                                                                       clause.timestamp_sql)));
  if (rows.rows.size() != 1 || !rows.rows[0][0]) {
    return MakeError(ErrorCode::kInvalidArgument, "TIMESTAMP AS OF needs a timestamp, not NULL");
  }
  int64_t micros = 0;
  const std::string& text = *rows.rows[0][0];
  if (std::from_chars(text.data(), text.data() + text.size(), micros).ec != std::errc()) {
    return MakeError(ErrorCode::kInvalidArgument, "TIMESTAMP AS OF needs a finite timestamp");
  }
  const WallTime time{std::chrono::microseconds(micros)};
  NL_ASSIGN_OR_RETURN(const int64_t version,
                      tables::delta::VersionAtTimestamp(context.store(), table.entry.location, time));
  return ResolvedVersion{version, FormatTimestamp(time)};
}

}  // namespace neurolake::query
