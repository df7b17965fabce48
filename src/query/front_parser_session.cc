// Statements about the session, the names of things, and external locations.
#include <utility>

#include "common/text.h"
#include "engine/duckdb/information_relations.h"
#include "query/front_parser_cursor.h"

namespace neurolake::query {
namespace {

using Parsed = Result<std::optional<FrontStatement>>;

FrontStatement Rewritten(std::string sql, std::string listed_schema = {}) {
  return FrontStatement{
      PassThrough{.sql = std::move(sql), .rewritten = true, .listed_schema = std::move(listed_schema)}};
}

std::string Sql(const ObjectName& name) {
  const std::string last = QuoteIdentifier(name.name);
  return name.schema.empty() ? last : QuoteIdentifier(name.schema) + "." + last;
}

Parsed ParseTransaction(TokenCursor cursor) {
  const bool begin = cursor.AcceptWord("begin") || cursor.AcceptWords({"start", "transaction"});
  const bool commit = !begin && (cursor.AcceptWord("commit") || cursor.AcceptWord("end"));
  const bool rollback = !begin && !commit && (cursor.AcceptWord("rollback") || cursor.AcceptWord("abort"));
  if (!begin && !commit && !rollback) return std::nullopt;
  if (!cursor.AcceptWord("transaction")) cursor.AcceptWord("work");
  BeginTransaction options;
  if (begin && !cursor.AcceptWords({"read", "write"})) options.read_only = cursor.AcceptWords({"read", "only"});
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  if (begin) return FrontStatement{options};
  if (commit) return FrontStatement{CommitTransaction{}};
  return FrontStatement{RollbackTransaction{}};
}

Result<std::string> TakeSchema(TokenCursor& cursor) {
  if (cursor.IsString()) return cursor.ExpectString("a schema");
  NL_ASSIGN_OR_RETURN(auto name, cursor.ExpectObjectName());
  if (name.schema.empty()) return name.name;
  if (name.schema != "lake") return cursor.Unexpected("the name of one schema");
  return name.name;
}

// A word that is followed by a name, and not itself the name of what is described.
bool AcceptModifier(TokenCursor& cursor, std::string_view word) {
  if (!cursor.IsWord(word) || !cursor.IsIdentifier(1)) return false;
  cursor.Skip();
  return true;
}

// SET, RESET and USE of what a session has; any other setting is left to gate 1, which refuses it.
Parsed ParseSet(TokenCursor cursor) {
  using enum SetSession::Setting;
  const bool reset = cursor.IsWord("reset");
  if (cursor.AcceptWord("use")) {
    if (!AcceptModifier(cursor, "schema")) AcceptModifier(cursor, "database");
    NL_ASSIGN_OR_RETURN(auto schema, TakeSchema(cursor));
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return FrontStatement{SetSession{.setting = kSchema, .value = std::move(schema)}};
  }
  if (!cursor.AcceptWord("set") && !cursor.AcceptWord("reset")) return std::nullopt;
  if (!cursor.AcceptWord("session")) cursor.AcceptWord("local");
  SetSession set;
  bool needs_equals = true;
  if (cursor.AcceptWords({"time", "zone"})) {
    needs_equals = false;
  } else if (cursor.AcceptWord("schema")) {
    set.setting = kSchema;
    needs_equals = !cursor.IsString();  // SET SCHEMA 's'
  } else if (cursor.AcceptWord("search_path")) {
    set.setting = kSchema;
  } else if (cursor.AcceptWord("purpose")) {
    set.setting = kPurpose;
  } else if (!cursor.AcceptWord("timezone")) {
    return std::nullopt;
  }
  if (!reset) {
    if (needs_equals && !cursor.AcceptSymbol("=") && !cursor.AcceptWord("to")) return cursor.Unexpected("\"=\" or TO");
    if (cursor.AcceptWord("default") || (!needs_equals && cursor.AcceptWord("local"))) {
      set.value.clear();
    } else if (set.setting == kSchema) {
      NL_ASSIGN_OR_RETURN(set.value, TakeSchema(cursor));
    } else if (set.setting == kPurpose && !cursor.IsString()) {
      NL_ASSIGN_OR_RETURN(set.value, cursor.ExpectIdentifier("a purpose"));
    } else if (set.setting == kPurpose) {
      NL_ASSIGN_OR_RETURN(set.value, cursor.ExpectString("a purpose"));
    } else {
      NL_ASSIGN_OR_RETURN(set.value, cursor.ExpectString("a time zone"));
    }
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return FrontStatement{std::move(set)};
}

struct ShowFilter {
  std::string condition;
  std::string schema;  // That is named, in lower case.
};

// `[{IN|FROM} schema] [[LIKE] 'pattern']` of the SHOW statements, as a condition on `schema_column` and
// `name_column`.
Result<ShowFilter> TakeShowFilter(TokenCursor& cursor, std::string_view schema_column, std::string_view name_column) {
  std::string condition, named;
  if (!schema_column.empty()) {
    if (cursor.AcceptWord("in") || cursor.AcceptWord("from")) {
      NL_ASSIGN_OR_RETURN(auto schema, TakeSchema(cursor));
      named = LowerAscii(schema);
      condition = fmt::format("lower({}) = {}", schema_column, QuoteLiteral(named));
    } else {
      condition = fmt::format("{} = current_schema()", schema_column);
    }
  }
  const bool like = cursor.AcceptWord("like");
  if (like || cursor.IsString()) {
    NL_ASSIGN_OR_RETURN(auto pattern, cursor.ExpectString("a pattern"));
    // Databricks writes * where SQL writes %.
    for (char& c : pattern) c = c == '*' ? '%' : c;
    condition += fmt::format("{}{} ILIKE {}", condition.empty() ? "" : " AND ", name_column, QuoteLiteral(pattern));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return ShowFilter{condition.empty() ? std::string("true") : condition, std::move(named)};
}

constexpr std::string_view kTablesAndViews =
    "(SELECT schema_name, table_name, 'table' AS kind FROM system.tables UNION ALL "
    "SELECT schema_name, view_name, 'view' FROM system.views)";

// What SHOW TABLES lists. The lake's own relations are no tables of it, and stand in no list but this.
std::string ListedRelations(const std::string& schema) {
  const bool of_system = schema == "system";
  if (!of_system && schema != "information_schema") return std::string(kTablesAndViews);
  std::string values;
  for (const auto& relation : of_system ? engine::duckdb::SystemRelations() : engine::duckdb::InformationRelations()) {
    values += fmt::format("{}({}, {}, 'table')", values.empty() ? "" : ", ", QuoteLiteral(schema),
                          QuoteLiteral(relation.name));
  }
  return fmt::format("(VALUES {}) AS relations(schema_name, table_name, kind)", values);
}

// `[(] 'key' | key.key [)]`, if there is one.
Result<std::optional<std::string>> TakePropertyKey(TokenCursor& cursor) {
  const bool parenthesis = cursor.AcceptSymbol("(");
  if (!parenthesis && !cursor.Has(0)) return std::nullopt;
  std::string key;
  if (cursor.IsString()) {
    NL_ASSIGN_OR_RETURN(key, cursor.ExpectString("a property's name"));
  } else {
    do {
      NL_ASSIGN_OR_RETURN(const auto part, cursor.ExpectIdentifier("a property's name"));
      key += (key.empty() ? "" : ".") + part;
    } while (cursor.AcceptSymbol("."));
  }
  if (parenthesis) NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return key;
}

Parsed ParseShow(TokenCursor cursor) {
  if (!cursor.AcceptWord("show")) return std::nullopt;
  if (cursor.AcceptWords({"create", "table"})) {
    ShowCreateTable show;
    NL_ASSIGN_OR_RETURN(show.table, cursor.ExpectObjectName());
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return FrontStatement{std::move(show)};
  }
  if (cursor.AcceptWord("tblproperties")) {
    ShowTableProperties show;
    NL_ASSIGN_OR_RETURN(show.table, cursor.ExpectObjectName());
    NL_ASSIGN_OR_RETURN(show.key, TakePropertyKey(cursor));
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return FrontStatement{std::move(show)};
  }
  if (cursor.AcceptWords({"all", "tables"})) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return Rewritten(fmt::format("SELECT schema_name, table_name, kind FROM {} ORDER BY ALL", kTablesAndViews));
  }
  if (cursor.AcceptWord("tables")) {
    NL_ASSIGN_OR_RETURN(auto filter, TakeShowFilter(cursor, "schema_name", "table_name"));
    return Rewritten(fmt::format("SELECT schema_name, table_name, kind FROM {} WHERE {} ORDER BY ALL",
                                 ListedRelations(filter.schema), filter.condition),
                     filter.schema);
  }
  if (cursor.AcceptWord("columns")) {
    if (!cursor.AcceptWord("in")) NL_RETURN_IF_ERROR(cursor.ExpectWord("from"));
    NL_ASSIGN_OR_RETURN(auto table, cursor.ExpectObjectName());
    if (table.schema.empty() && (cursor.AcceptWord("in") || cursor.AcceptWord("from"))) {
      NL_ASSIGN_OR_RETURN(table.schema, TakeSchema(cursor));
    }
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return Rewritten(fmt::format("DESCRIBE {}{}", table.schema.empty() ? "" : QuoteIdentifier(table.schema) + ".",
                                 QuoteIdentifier(table.name)));
  }
  if (cursor.AcceptWord("views")) {
    NL_ASSIGN_OR_RETURN(auto filter, TakeShowFilter(cursor, "schema_name", "view_name"));
    return Rewritten(
        fmt::format("SELECT schema_name, view_name FROM system.views WHERE {} ORDER BY ALL", filter.condition),
        filter.schema);
  }
  if (cursor.AcceptWord("schemas") || cursor.AcceptWord("databases")) {
    NL_ASSIGN_OR_RETURN(const auto filter, TakeShowFilter(cursor, "", "schema_name"));
    return Rewritten(fmt::format("SELECT schema_name FROM system.schemas WHERE {} ORDER BY ALL", filter.condition));
  }
  if (cursor.IsWord("partitions") && cursor.Has(1)) return cursor.NotSupported("SHOW PARTITIONS");
  return std::nullopt;
}

Parsed ParseDescribe(TokenCursor cursor) {
  if (!cursor.AcceptWord("describe") && !cursor.AcceptWord("desc")) return std::nullopt;
  // A table may be called history; then nothing follows, or a dot.
  const bool of_table = cursor.Has(1) && !cursor.IsSymbol(".", 1);
  if (of_table && cursor.AcceptWord("history")) {
    DescribeHistory describe;
    NL_ASSIGN_OR_RETURN(describe.table, cursor.ExpectObjectName());
    if (cursor.AcceptWord("limit")) {
      NL_ASSIGN_OR_RETURN(describe.limit, cursor.ExpectInteger("a number of versions"));
    }
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return FrontStatement{std::move(describe)};
  }
  if (of_table && cursor.AcceptWord("detail")) {
    DescribeDetail describe;
    NL_ASSIGN_OR_RETURN(describe.table, cursor.ExpectObjectName());
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return FrontStatement{std::move(describe)};
  }
  for (const char* word : {"schema", "database", "catalog", "function"}) {
    if (AcceptModifier(cursor, word)) return cursor.NotSupported(fmt::format("DESCRIBE {}", word));
  }
  const bool with_table = cursor.AcceptWord("table");
  if (!AcceptModifier(cursor, "extended") && !AcceptModifier(cursor, "formatted")) {
    if (!with_table) return std::nullopt;
  }
  NL_ASSIGN_OR_RETURN(auto table, cursor.ExpectObjectName());
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return Rewritten("DESCRIBE " + Sql(table));
}

/// WITH (REGISTER = …, CREDENTIAL = …), standing behind WITH.
Result<void> TakeLocationOptions(TokenCursor& cursor, CreateExternalLocation& create) {
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    if (cursor.AcceptWord("credential")) {
      NL_RETURN_IF_ERROR(cursor.ExpectSymbol("="));
      NL_ASSIGN_OR_RETURN(create.credential, cursor.ExpectIdentifier("the name of a credential"));
      continue;
    }
    NL_RETURN_IF_ERROR(cursor.ExpectWord("register"));
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol("="));
    create.may_register = cursor.AcceptWord("true");
    if (!create.may_register && !cursor.AcceptWord("false")) return cursor.Unexpected("TRUE or FALSE");
  } while (cursor.AcceptSymbol(","));
  return cursor.ExpectSymbol(")");
}

Parsed ParseExternalLocation(TokenCursor cursor) {
  if (cursor.AcceptWords({"create", "external", "location"})) {
    CreateExternalLocation create;
    create.if_not_exists = cursor.AcceptWords({"if", "not", "exists"});
    NL_ASSIGN_OR_RETURN(create.name, cursor.ExpectIdentifier("a name"));
    NL_RETURN_IF_ERROR(cursor.ExpectWord("url"));
    NL_ASSIGN_OR_RETURN(create.url, cursor.ExpectString("a directory"));
    if (cursor.AcceptWord("with")) NL_RETURN_IF_ERROR(TakeLocationOptions(cursor, create));
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return FrontStatement{std::move(create)};
  }
  if (cursor.AcceptWords({"drop", "external", "location"})) {
    DropExternalLocation drop;
    drop.if_exists = cursor.AcceptWords({"if", "exists"});
    NL_ASSIGN_OR_RETURN(drop.name, cursor.ExpectIdentifier("a name"));
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return FrontStatement{std::move(drop)};
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<FrontStatement>> ParseSessionStatement(TokenCursor cursor) {
  for (const auto parse : {ParseTransaction, ParseSet, ParseShow, ParseDescribe, ParseExternalLocation}) {
    NL_ASSIGN_OR_RETURN(auto parsed, parse(cursor));
    if (parsed.has_value()) return parsed;
  }
  return std::nullopt;
}

}  // namespace neurolake::query
