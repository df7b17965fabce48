#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/result_writer.h"

namespace neurolake::cli {

struct SqlArguments {
  std::vector<std::string> texts;  ///< -c
  std::vector<std::string> files;  ///< -f; "-" is standard input.
  std::string schema;
  std::string purpose;
  int64_t rows_max = -1;
  bool expanded = false;
  std::string application_id;        ///< --txn-app
  int64_t application_version = -1;  ///< --txn-version; -1: none.
};

struct TableArguments {
  std::string name;    ///< "silver.flights".
  std::string schema;  ///< table list SCHEMA.
};

struct IngestArguments {
  std::vector<std::string> files;
  std::string into;
  std::string file_format;  ///< "csv", "json", "parquet"; empty: from the name.
  std::string schema_file;
  std::vector<std::string> keys;
  std::string keep;      ///< "first" or "last" of rows with one key; empty: first.
  std::string on_error;  ///< "quarantine", "abort" or "skip"; empty: quarantine.
  std::string quarantine;
  bool trim = false;
  std::vector<std::string> null_tokens;
  std::vector<std::string> date_formats;
  std::vector<std::string> value_maps;  ///< "column:from=to".
  std::vector<std::string> options;     ///< Further FORMAT_OPTIONS, "name=value".
  std::string promote;                  ///< Table to move the new rows on to.
  bool force = false;
  bool dry_run = false;
  bool yes = false;  ///< Do not ask before a table is made.
};

struct TokenArguments {
  std::string principal;
  std::string role = "reader";
  std::string name;
  std::string expires;  ///< "30d" from now, or a time.
  std::string id;
  std::vector<std::string> scopes;
  std::vector<std::string> schemas;
};

struct UserArguments {
  std::string name;
  std::string kind = "user";
  std::string role = "member";
  std::string on_behalf_of;
  std::string issuer;
  std::string subject;
  std::string password_file;  ///< "-" is standard input; empty: asked for on a terminal.
  bool remove = false;
};

struct LocationArguments {
  std::string name;
  std::string path;
  bool may_register = false;
};

struct LineageArguments {
  std::string table;  ///< "silver.flights"; a view too.
  int64_t depth = 0;  ///< Steps away from it; 0: all.
  std::string direction = "both";
  bool columns = false;
  std::string format = "mermaid";
};

struct PolicyArguments {
  std::string path;  ///< Of a bundle: a directory or an archive.
  int64_t version = 0;
};

struct PiiArguments {
  std::vector<std::string> tables;  ///< "silver.customers"; none: all.
  int64_t sample_rows = 10'000;
};

struct DocumentArguments {
  std::vector<std::string> files;
  std::string into = "main.documents";
  std::string name;   ///< Of the one document; empty: the file's.
  std::string title;  ///< Empty: its own.
  std::string tag;
};

struct AskArguments {
  std::string question;  ///< Empty: a conversation.
  std::string model;     ///< A name, or a YAML file.
  std::string as_of;
  std::string purpose;
  bool show_sql = false;
  bool yes = false;               ///< Run what asks first because of its cost.
  std::string conversation = {};  ///< To go on with; "new" begins one; empty: none, or a new one for a chat.
  bool list_conversations = false;
  std::string show_conversation = {};    ///< An id.
  std::string delete_conversation = {};  ///< An id.
  std::string feedback = {};             ///< "correct", "wrong" or "corrected".
  std::string about = {};                ///< Id of the question that feedback is on.
  std::string means = {};                ///< Other words for what is right.
  std::string correct_sql = {};
  std::string comment = {};
  bool review = false;         ///< List feedback.
  std::string state = "open";  ///< Of the feedback that is listed; "all" of them.
  std::string approve = {};    ///< Id of feedback.
  std::string reject = {};     ///< Id of feedback.
  std::string schema = {};     ///< The one in use; with `infer`, the draft's.
  bool infer = false;          ///< Ask with a draft.
};

/// Of `neurolake semantic apply`, `show` and `list`.
struct SemanticModelArguments {
  std::string file;  ///< "-" is standard input.
  std::string name;
  std::string schema;
  std::string comment;
  int64_t version = 0;  ///< 0: the current one.
  bool yaml = false;
};

/// Of `neurolake semantic infer`, `lint`, `import` and `export`.
struct SemanticArguments {
  std::string schema;
  std::vector<std::string> tables;  ///< "orders", "shop.orders"; none: all of the schema.
  std::string name;                 ///< Of the model; empty: the schema's, or the file's.
  std::string output;               ///< A file; empty: standard output.
  std::string tool;                 ///< Whose model is imported: "dbt", "cube"; or what it is exported to: "osi".
  std::vector<std::string> files;
  bool offers_personal = false;
  bool force = false;
  bool strict = false;
};

struct EvalArguments {
  std::string questions;  ///< A file of JSON lines; "-" is standard input.
  std::string model;      ///< Of the lake, by name, or a YAML file.
  bool infer = false;     ///< Also with a draft of `schema`.
  std::string output;     ///< A file for everything as JSON.
  std::string schema;     ///< Of the gold queries, and of the draft.
  std::string split = "all";
  std::string show = "none";
  double accuracy_min = 0;
  double wrong_max = 1;
};

struct BackupArguments {
  std::string file;
  bool force = false;
};

struct AuditArguments {
  std::string key;                      ///< Verifier key, or a file that holds it.
  std::vector<std::string> remembered;  ///< Files of checkpoints kept elsewhere.
  std::string directory;                ///< Where an export goes.
  std::string record;                   ///< Which record to prove: a number, which the verifier reads.
};

struct DemoArguments {
  std::string data_directory;
  std::string address;
};

/// The command line, read but not yet obeyed.
struct Arguments {
  std::string command;                          ///< "sql", "table list", "token create", …
  std::map<std::string, std::string> settings;  ///< By setting name: --set and the settings' own flags.
  std::string config_file;
  std::string server;
  std::string token;
  std::string token_file;
  std::string certificate_authority_file;
  OutputFormat format = OutputFormat::kBox;
  bool timing = false;

  SqlArguments sql;
  TableArguments table;
  IngestArguments ingest;
  TokenArguments token_command;
  UserArguments user;
  LocationArguments location;
  LineageArguments lineage;
  PolicyArguments policy;
  AskArguments ask;
  EvalArguments eval;
  SemanticArguments semantic;
  PiiArguments pii;
  SemanticModelArguments semantic_model;
  DocumentArguments documents;
  BackupArguments backup;
  AuditArguments audit;
  DemoArguments demo;
  std::string completion_shell;
};

/// Nothing to do but to print and leave: --help, --version, or a wrong command line (exit code 2).
struct EarlyExit {
  int code = 0;
  std::string text;
};

/// `environment` holds the NEUROLAKE_* variables; of them this reads SERVER, TOKEN and CONFIG.
std::variant<Arguments, EarlyExit> ParseArguments(const std::vector<std::string>& words,
                                                  const std::map<std::string, std::string>& environment);

}  // namespace neurolake::cli
