// Databricks' spellings of MERGE whose meaning differs from the engine's: there `UPDATE SET *` and `INSERT *` go by
// name, in the engine's grammar by position.
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

/// Moves behind MERGE INTO where it stands outside of all parentheses, as behind WITH x AS (…).
bool FindMerge(TokenCursor& cursor) {
  for (int depth = 0; !cursor.AtEnd(); cursor.Skip()) {
    if (cursor.IsSymbol("(")) ++depth;
    if (cursor.IsSymbol(")")) --depth;
    if (depth != 0 || !cursor.IsWord("merge")) continue;
    if (cursor.IsWord("into", 1) || (cursor.IsWord("with", 1) && cursor.IsWord("schema", 2))) return true;
  }
  return false;
}

}  // namespace

bool RewriteSchemaEvolution(TokenCursor cursor, std::vector<TextEdit>& edits) {
  if (!cursor.AcceptWord("merge") && !cursor.AcceptWord("insert")) return false;
  if (!cursor.IsWord("with") || !cursor.IsWord("schema", 1) || !cursor.IsWord("evolution", 2)) return false;
  edits.push_back({.begin = cursor.Position(), .end = cursor.token(2).end, .text = ""});
  return true;
}

void RewriteMerge(TokenCursor cursor, std::vector<TextEdit>& edits) {
  if (!cursor.IsWord("merge") && !cursor.IsWord("with")) return;
  if (!FindMerge(cursor)) return;
  for (; !cursor.AtEnd(); cursor.Skip()) {
    if (!cursor.IsWord("then")) continue;
    const bool updates = cursor.IsWord("update", 1) && cursor.IsWord("set", 2) && cursor.IsSymbol("*", 3);
    const bool inserts = cursor.IsWord("insert", 1) && cursor.IsSymbol("*", 2);
    if (!updates && !inserts) continue;
    const size_t begin = cursor.Position(1);
    const Token& last = cursor.token(updates ? 3 : 2);
    edits.push_back({.begin = begin, .end = last.end, .text = updates ? "UPDATE BY NAME" : "INSERT BY NAME *"});
  }
}

}  // namespace neurolake::query
