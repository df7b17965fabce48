// Statements about semantic models: docs/sql/grammar.md, "semantic models".
#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/commands/function_grant.h"
#include "query/commands/policy.h"
#include "query/commands/semantic_model.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using Parsed = Result<std::shared_ptr<const TableCommand>>;

std::vector<OwnColumn> TextColumns(std::initializer_list<const char*> names) {
  std::vector<OwnColumn> columns;
  for (const char* name : names) columns.push_back({name, "VARCHAR"});
  return columns;
}

/// Models are not in schemas by name: one name in the lake.
Result<std::string> ExpectModel(TokenCursor& cursor) {
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("the name of a semantic model"));
  if (cursor.IsSymbol(".")) return cursor.Unexpected("one name: the schema of a semantic model is said by ON SCHEMA");
  return LowerAscii(name);
}

Result<std::string> ExpectSchema(TokenCursor& cursor) {
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("a schema"));
  return LowerAscii(name);
}

/// `[VERSION n]`.
Result<std::optional<int64_t>> AcceptVersion(TokenCursor& cursor) {
  if (!cursor.AcceptWord("version")) return std::nullopt;
  NL_ASSIGN_OR_RETURN(const int64_t version, cursor.ExpectInteger("the number of a version"));
  return std::optional(version);
}

Parsed ParseCreate(TokenCursor cursor, bool or_replace) {
  SemanticModelClause clause;
  clause.or_replace = or_replace;
  clause.if_not_exists = cursor.AcceptWords({"if", "not", "exists"});
  if (clause.if_not_exists && or_replace) return cursor.Unexpected("OR REPLACE or IF NOT EXISTS, not both");
  NL_ASSIGN_OR_RETURN(clause.name, ExpectModel(cursor));
  while (!cursor.IsWord("as")) {
    if (!clause.schema && cursor.AcceptWords({"on", "schema"})) {
      NL_ASSIGN_OR_RETURN(clause.schema, ExpectSchema(cursor));
    } else if (!clause.comment && cursor.AcceptWord("comment")) {
      NL_ASSIGN_OR_RETURN(clause.comment, cursor.ExpectString("a comment"));
    } else {
      return cursor.Unexpected("ON SCHEMA, COMMENT or AS");
    }
  }
  cursor.Skip();
  NL_ASSIGN_OR_RETURN(clause.definition, cursor.ExpectString("the model's YAML, as $$ … $$"));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return MakeCreateSemanticModel(std::move(clause));
}

Parsed ParseDrop(TokenCursor cursor) {
  const bool if_exists = cursor.AcceptWords({"if", "exists"});
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectModel(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return MakeSemanticModelAction("DROP SEMANTIC MODEL", "drop_semantic_model",
                                 {{"name", name}, {"if_exists", if_exists}});
}

Parsed ParseAlter(TokenCursor cursor) {
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectModel(cursor));
  json::object arguments{{"name", name}};
  if (cursor.AcceptWords({"rename", "to"})) {
    NL_ASSIGN_OR_RETURN(const std::string set, ExpectModel(cursor));
    arguments["kind"] = "rename";
    arguments["set"] = set;
  } else if (cursor.AcceptWords({"owner", "to"}) || cursor.AcceptWords({"set", "owner", "to"})) {
    NL_ASSIGN_OR_RETURN(const std::string set, cursor.ExpectIdentifier("a user"));
    arguments["kind"] = "owner";
    arguments["set"] = LowerAscii(set);
  } else if (cursor.AcceptWords({"set", "comment"})) {
    NL_ASSIGN_OR_RETURN(const std::string comment, cursor.ExpectString("a comment"));
    arguments["kind"] = "comment";
    arguments["comment"] = comment;
  } else {
    return cursor.Unexpected("RENAME TO, OWNER TO or SET COMMENT");
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return MakeSemanticModelAction("ALTER SEMANTIC MODEL", "alter_semantic_model", std::move(arguments));
}

Parsed ParseRestore(TokenCursor cursor) {
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectModel(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("to"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("version"));
  cursor.AcceptWords({"as", "of"});
  NL_ASSIGN_OR_RETURN(const int64_t version, cursor.ExpectInteger("the number of a version"));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return MakeRestoreSemanticModel(name, version);
}

Parsed ParseDescribe(TokenCursor cursor) {
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectModel(cursor));
  NL_ASSIGN_OR_RETURN(const auto version, AcceptVersion(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return MakeDescribeSemanticModel(name, version);
}

Parsed ParseDescribeHistory(TokenCursor cursor) {
  NL_ASSIGN_OR_RETURN(const std::string name, ExpectModel(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return MakeSemanticModelAction(
      "DESCRIBE HISTORY SEMANTIC MODEL", "semantic_model_versions", {{"name", name}},
      TextColumns({"version", "state", "restored_version", "digest", "created_by", "created_at"}));
}

Parsed ParseShow(TokenCursor cursor) {
  if (cursor.AcceptWords({"semantic", "models"})) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return MakeSemanticModelAction(
        "SHOW SEMANTIC MODELS", "semantic_models", {},
        TextColumns({"model_name", "schema_name", "owner", "version", "state", "comment", "created_at", "updated_at"}));
  }
  if (cursor.AcceptWords({"create", "semantic", "model"})) {
    NL_ASSIGN_OR_RETURN(const std::string name, ExpectModel(cursor));
    NL_ASSIGN_OR_RETURN(const auto version, AcceptVersion(cursor));
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return MakeShowCreateSemanticModel(name, version);
  }
  if (cursor.AcceptWords({"grants", "on", "semantic", "model"})) {
    NL_ASSIGN_OR_RETURN(const std::string name, ExpectModel(cursor));
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return MakeSemanticModelAction("SHOW GRANTS", "semantic_model_grants", {{"name", name}}, GrantColumns());
  }
  return nullptr;
}

/// `SCHEMA s` or `LAKE`, as what a privilege on many models is on.
Result<void> ParseWhere(TokenCursor& cursor, json::object& arguments) {
  if (cursor.AcceptWord("lake")) {
    arguments["kind"] = "lake";
    return {};
  }
  NL_RETURN_IF_ERROR(cursor.ExpectWord("schema"));
  NL_ASSIGN_OR_RETURN(const std::string schema, ExpectSchema(cursor));
  arguments["kind"] = "schema";
  arguments["schema"] = schema;
  return {};
}

/// Standing behind GRANT, DENY or REVOKE; null where another privilege stands.
Parsed ParseGrant(TokenCursor cursor, const std::string& effect) {
  json::object arguments{{"effect", effect}};
  if (cursor.AcceptWords({"usage", "on", "semantic", "model"})) {
    NL_ASSIGN_OR_RETURN(const std::string name, ExpectModel(cursor));
    arguments["privilege"] = "usage";
    arguments["kind"] = "model";
    arguments["name"] = name;
  } else if (cursor.AcceptWords({"usage", "on", "semantic", "models", "in"})) {
    arguments["privilege"] = "usage";
    NL_RETURN_IF_ERROR(ParseWhere(cursor, arguments));
  } else if (cursor.AcceptWords({"create", "semantic", "model", "on"})) {
    arguments["privilege"] = "create";
    NL_RETURN_IF_ERROR(ParseWhere(cursor, arguments));
  } else {
    return nullptr;
  }
  NL_RETURN_IF_ERROR(cursor.ExpectWord(effect == "revoke" ? "from" : "to"));
  NL_ASSIGN_OR_RETURN(const auto named, ParseGrantees(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  json::array grantees;
  for (const auto& one : named) grantees.push_back({{"kind", one.kind}, {"name", one.name}});
  arguments["grantees"] = std::move(grantees);
  const std::string kind = effect == "grant" ? "GRANT" : effect == "deny" ? "DENY" : "REVOKE";
  return MakeSemanticModelAction(kind, "grant_semantic_model", std::move(arguments));
}

}  // namespace

Parsed ParseSemanticModelStatement(TokenCursor cursor) {
  if (cursor.AcceptWords({"create", "semantic", "model"})) return ParseCreate(cursor, /*or_replace=*/false);
  if (cursor.AcceptWords({"create", "or", "replace", "semantic", "model"})) return ParseCreate(cursor, true);
  if (cursor.AcceptWords({"drop", "semantic", "model"})) return ParseDrop(cursor);
  if (cursor.AcceptWords({"alter", "semantic", "model"})) return ParseAlter(cursor);
  if (cursor.AcceptWords({"restore", "semantic", "model"})) return ParseRestore(cursor);
  for (const char* describe : {"describe", "desc"}) {
    if (cursor.AcceptWords({describe, "semantic", "model"})) return ParseDescribe(cursor);
    if (cursor.AcceptWords({describe, "history", "semantic", "model"})) return ParseDescribeHistory(cursor);
  }
  if (cursor.AcceptWord("show")) return ParseShow(cursor);
  for (const std::string effect : {"grant", "deny", "revoke"}) {
    if (cursor.AcceptWord(effect)) return ParseGrant(cursor, effect);
  }
  return nullptr;
}

}  // namespace neurolake::query
