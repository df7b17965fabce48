#include "cli/internal/subcommands.h"

namespace neurolake::cli {
namespace {

void AddOutput(CLI::App& command, SemanticArguments& semantic) {
  command.add_option("-o,--output", semantic.output, "File to write; else standard output")->option_text("FILE");
  command.add_flag("--force", semantic.force, "Replace the file if it is there");
}

void AddInfer(CLI::App& parent, SemanticArguments& semantic) {
  CLI::App* infer = AddCommand(parent, "infer", "Draft a model of a schema from its names and its data", R"(Examples:
  neurolake --lake ./lake semantic infer --schema shop -o models/shop.yaml
  neurolake --server http://127.0.0.1:8321 semantic infer --schema shop --tables orders,customers

Counts rows and values, finds keys and which columns refer to them, and decides what is summed,
averaged, grouped by and by which time it goes. Reads as your own SELECT would: tables and values
you may not see are not in it. What was guessed stands at its top; a person should read it. No
row's values are written, other than the codes that get names (1-URGENT: urgent).
'eval --infer' and 'ask' work with such a model as with any other.)");
  infer->add_option("--schema", semantic.schema, "Schema of the tables; not needed where one alone has any")
      ->option_text("NAME");
  infer->add_option("--tables", semantic.tables, "Only these tables or views; may be repeated")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("TABLE,…");
  infer->add_option("--name", semantic.name, "Name of the model; else the schema's")->option_text("NAME");
  infer->add_flag("--with-personal", semantic.offers_personal, "Offer columns with e-mails, phones and the like, too");
  AddOutput(*infer, semantic);
}

void AddCatalog(CLI::App& command, SemanticModelArguments& semantic) {
  CLI::App* apply = AddCommand(command, "apply", "Check a model and put it into the catalogue, as its next version",
                               R"(Examples:
  neurolake --lake ./lake semantic apply shop.yaml
  neurolake --lake ./lake semantic apply shop.yaml --schema gold --comment 'What sales counts'

As CREATE OR REPLACE SEMANTIC MODEL. Prints what of the model may be misunderstood.)");
  apply->add_option("file", semantic.file, "File of YAML, - for standard input")->option_text("FILE")->required();
  apply->add_option("--name", semantic.name, "Name of the model; the file's own without it")->option_text("NAME");
  apply->add_option("--schema", semantic.schema, "Schema that the model is of")->option_text("NAME");
  apply->add_option("--comment", semantic.comment, "What people read of it")->option_text("TEXT");
  CLI::App* show = AddCommand(command, "show", "The members of a model, or its text", R"(Examples:
  neurolake --lake ./lake semantic show shop
  neurolake --lake ./lake semantic show shop --yaml --version 3 > shop.yaml)");
  show->add_option("name", semantic.name, "Name of the model")->option_text("NAME")->required();
  show->add_option("--version", semantic.version, "A version; the current one without it")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000'000}))
      ->option_text("N");
  show->add_flag("--yaml", semantic.yaml, "The text as it was applied, for who may change the model");
  AddCommand(command, "list", "The models that you may use", "Example:\n  neurolake --lake ./lake semantic list");
}

}  // namespace

void AddSemantic(CLI::App& app, SemanticArguments& semantic, SemanticModelArguments& kept) {
  CLI::App* command = AddCommand(app, "semantic", "Semantic models: what tables mean", R"(Examples:
  neurolake --lake ./lake semantic infer --schema shop -o models/shop.yaml
  neurolake semantic lint models/shop.yaml
  neurolake semantic import dbt semantic_models.yml metrics.yml --schema shop -o models/shop.yaml
  neurolake semantic export osi models/shop.yaml -o shop.osi.yaml
  neurolake --lake ./lake semantic apply models/shop.yaml
  neurolake --server http://127.0.0.1:8321 semantic list

A semantic model says what tables mean, for questions in plain language: docs/semantic-layer.md.)");
  command->require_subcommand(1);
  AddInfer(*command, semantic);
  AddCatalog(*command, kept);
  CLI::App* lint = AddCommand(*command, "lint", "Say what of a model is wrong or easily misunderstood", R"(Examples:
  neurolake semantic lint models/shop.yaml
  neurolake semantic lint models/*.yaml --strict --format json

Exit code 1 if a file does not load as a model (it says the line and what would be right); with
--strict also for warnings, such as a word that means two things.)");
  lint->add_option("files", semantic.files, "Models")->required()->option_text("FILES");
  lint->add_flag("--strict", semantic.strict, "Fail for warnings, too");
  CLI::App* import = AddCommand(*command, "import", "Take over another tool's model", R"(Examples:
  neurolake semantic import dbt semantic_models.yml metrics.yml --schema shop -o models/shop.yaml
  neurolake semantic import cube model/cubes/*.yml -o models/shop.yaml

What would mean another number without what has no place here is left out, and told.)");
  import->add_option("tool", semantic.tool, "dbt or cube")->required()->check(CLI::IsMember({"dbt", "cube"}));
  import->add_option("files", semantic.files, "Its YAML files")->required()->option_text("FILES");
  import->add_option("--schema", semantic.schema, "Of dbt: schema that the models' tables are in; else main")
      ->option_text("NAME");
  import->add_option("--name", semantic.name, "Name of the model; else the first file's")->option_text("NAME");
  AddOutput(*import, semantic);
  CLI::App* out = AddCommand(*command, "export", "Write a model for other tools", R"(Example:
  neurolake semantic export osi models/shop.yaml -o shop.osi.yaml

osi: Open Semantic Interchange (Apache Ossie), core specification 0.2. What it has no words for is told.)");
  out->add_option("tool", semantic.tool, "osi")->required()->check(CLI::IsMember({"osi"}));
  out->add_option("file", semantic.files, "Model")->required()->expected(1)->option_text("FILE");
  AddOutput(*out, semantic);
}

void AddEval(CLI::App& app, EvalArguments& eval) {
  CLI::App* measure = AddCommand(app, "eval", "Measure answers in plain language against known ones", R"(Examples:
  neurolake --lake ./lake eval --questions questions.jsonl --schema shop --infer
  neurolake --lake ./lake eval --questions questions.jsonl --schema shop --model models/shop.yaml --infer
  neurolake --server http://127.0.0.1:8321 eval --questions questions.jsonl --model shop --show wrong

Each line of the file is a JSON object:
  {"id": "1", "question": "revenue by country last month", "as_of": "2025-04-02", "expect": "answer",
   "gold_sql": "SELECT country, sum(amount) FROM orders WHERE … GROUP BY country"}
id and question are needed. expect is answer (the default), clarify or refuse. gold_sql is a query
or a list of them, each of which is right. as_of is the day that is today for the question,
follows the id of the question before it in a conversation, class a word to report by.

With --infer a model is drafted of --schema first; with --model too, both are reported. A model
from a file and a draft are used here and not sent: they give no right. Rows are compared as a
multiset, columns by value whatever their names; order where the question asks for it. Reported
are accuracy of what was answered, coverage, answers that are silently wrong, refusals that were
right, and times. Exit code 1 where a limit is not kept or a gold query fails.)");
  measure->add_option("--questions", eval.questions, "File of JSON lines, - for standard input")
      ->required()
      ->option_text("FILE");
  measure->add_option("--model", eval.model, "Semantic model: one of the lake's, or a YAML file")
      ->option_text("NAME|FILE");
  measure->add_flag("--infer", eval.infer, "Draft a model of --schema and measure with it");
  measure->add_option("--schema", eval.schema, "Schema of the gold queries and of the draft")->option_text("NAME");
  measure->add_option("--out", eval.output, "File for the whole report as JSON, question by question")
      ->option_text("FILE");
  measure->add_option("--split", eval.split, "The half to measure: all, tuning or held-back")
      ->check(CLI::IsMember({"all", "tuning", "held-back"}))
      ->capture_default_str()
      ->option_text("HALF");
  measure->add_option("--show", eval.show, "Questions to list: none, wrong, missed or all")
      ->check(CLI::IsMember({"none", "wrong", "missed", "all"}))
      ->capture_default_str()
      ->option_text("WHICH");
  measure->add_option("--accuracy-min", eval.accuracy_min, "Fail below this share of answers that are right")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text("SHARE");
  measure->add_option("--wrong-max", eval.wrong_max, "Fail above this share of silently wrong answers")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text("SHARE");
}

}  // namespace neurolake::cli
