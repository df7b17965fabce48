#include "query/commands/credentials.h"

#include <boost/json/array.hpp>

#include "common/text.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "query/store_access.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

/// A statement that the server alone carries out, and no table's.
class CredentialCommand : public TableCommand {
 public:
  const ObjectName& target() const override { return target_; }

 private:
  ObjectName target_;
};

class CreateCredential final : public CredentialCommand {
 public:
  explicit CreateCredential(json::object arguments) : arguments_(std::move(arguments)) {}
  std::string kind() const override { return "CREATE CREDENTIAL"; }
  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto done, AskServer(context, "create_credential", arguments_));
    return MakeRowsChangedResult(-1);
  }

 private:
  json::object arguments_;
};

class DropCredential final : public CredentialCommand {
 public:
  DropCredential(std::string name, bool if_exists) : name_(std::move(name)), if_exists_(if_exists) {}
  std::string kind() const override { return "DROP CREDENTIAL"; }
  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto done,
                        AskServer(context, "drop_credential", {{"name", name_}, {"if_exists", if_exists_}}));
    return MakeRowsChangedResult(-1);
  }

 private:
  std::string name_;
  bool if_exists_;
};

class RotateKey final : public CredentialCommand {
 public:
  std::string kind() const override { return "ROTATE CREDENTIAL KEY"; }
  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto done, AskServer(context, "rotate_credential_key", {}));
    NL_ASSIGN_OR_RETURN(const int64_t changed, IntMember(done, "credentials"));
    return MakeOwnResult({{"credentials", "BIGINT"}}, {{std::to_string(changed)}});
  }
};

class ShowCredentials final : public CredentialCommand {
 public:
  std::string kind() const override { return "SHOW CREDENTIALS"; }
  bool writes() const override { return false; }
  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "list_credentials", {}));
    const auto* list = answer.if_contains("credentials");
    if (list == nullptr || !list->is_array()) return BadMember("credentials");
    std::vector<std::vector<std::optional<std::string>>> rows;
    for (const auto& one : list->get_array()) {
      if (!one.is_object()) return BadMember("credentials");
      auto& row = rows.emplace_back();
      for (const char* column : {"name", "kind", "source", "options", "key_id"}) {
        NL_ASSIGN_OR_RETURN(std::string value, StringMember(one.get_object(), column));
        row.emplace_back(std::move(value));
      }
      NL_ASSIGN_OR_RETURN(const int64_t created, IntMember(one.get_object(), "created_us"));
      row.emplace_back(FormatTimestamp(WallTime(std::chrono::microseconds(created))));
    }
    return MakeOwnResult({{"name", "VARCHAR"},
                          {"type", "VARCHAR"},
                          {"source", "VARCHAR"},
                          {"options", "VARCHAR"},
                          {"key_id", "VARCHAR"},
                          {"created_at", "VARCHAR"}},
                         rows);
  }
};

std::unexpected<Error> Malformed(const TokenCursor& cursor) {
  return std::unexpected(
      Error(ErrorCode::kSyntaxError,
            "syntax error: expected CREATE [OR REPLACE] CREDENTIAL [IF NOT EXISTS] name TYPE {S3 | GCS | AZURE} [FROM "
            "ENVIRONMENT | FROM INSTANCE ROLE | ANONYMOUS] [OPTIONS (name = 'value', …)]")
          .With("position", std::to_string(cursor.Position())));
}

Result<std::string> TakeSource(TokenCursor& cursor) {
  if (cursor.AcceptWord("anonymous")) return "anonymous";
  if (!cursor.AcceptWord("from")) return "keys";
  if (cursor.AcceptWord("environment")) return "environment";
  if (cursor.AcceptWords({"instance", "role"})) return "instance_role";
  return Malformed(cursor);
}

/// Standing behind the parenthesis.
Result<json::object> TakeOptions(TokenCursor& cursor) {
  json::object options;
  do {
    const auto name = cursor.ExpectIdentifier("an option");
    if (!name.has_value() || !cursor.AcceptSymbol("=") || !cursor.IsString()) return Malformed(cursor);
    const auto value = cursor.ExpectString("its value");
    if (!value.has_value() || options.contains(LowerAscii(*name))) return Malformed(cursor);
    options[LowerAscii(*name)] = *value;
  } while (cursor.AcceptSymbol(","));
  if (!cursor.AcceptSymbol(")")) return Malformed(cursor);
  return options;
}

/// Standing behind CREDENTIAL.
Result<std::shared_ptr<const TableCommand>> ParseCreate(TokenCursor cursor, bool or_replace) {
  json::object arguments{{"or_replace", or_replace}, {"prefix", ""}};
  arguments["if_not_exists"] = cursor.AcceptWords({"if", "not", "exists"});
  const auto name = cursor.ExpectIdentifier("a name");
  if (!name.has_value() || !cursor.AcceptWord("type")) return Malformed(cursor);
  arguments["name"] = *name;
  for (const char* kind : {"s3", "gcs", "azure"}) {
    if (cursor.AcceptWord(kind)) arguments["kind"] = kind;
  }
  if (!arguments.contains("kind")) return Malformed(cursor);
  NL_ASSIGN_OR_RETURN(const std::string source, TakeSource(cursor));
  arguments["source"] = source;
  json::object options;
  if (cursor.AcceptWord("options")) {
    if (!cursor.AcceptSymbol("(")) return Malformed(cursor);
    NL_ASSIGN_OR_RETURN(options, TakeOptions(cursor));
  }
  if (!cursor.AtEnd()) return Malformed(cursor);
  // Names of options too are checked before they are part of an error.
  for (const auto& [option, value] : options) {
    const std::string kind(arguments["kind"].as_string());
    if (FindCredentialOption(kind, option) == nullptr) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "OPTIONS has a name that a credential of this type does not have, see docs/object-storage.md");
    }
  }
  arguments["options"] = std::move(options);
  return std::make_shared<CreateCredential>(std::move(arguments));
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseCredential(TokenCursor cursor) {
  if (cursor.IsWord("create")) {
    TokenCursor create = cursor;
    create.Skip();
    const bool or_replace = create.AcceptWords({"or", "replace"});
    if (!create.AcceptWord("credential")) return nullptr;
    return ParseCreate(create, or_replace);
  }
  if (cursor.AcceptWords({"drop", "credential"})) {
    const bool if_exists = cursor.AcceptWords({"if", "exists"});
    NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("a name"));
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<DropCredential>(name, if_exists);
  }
  if (cursor.AcceptWords({"show", "credentials"})) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<ShowCredentials>();
  }
  if (cursor.AcceptWords({"rotate", "credential", "key"})) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<RotateKey>();
  }
  return nullptr;
}

}  // namespace neurolake::query
