#include "cli/internal/subcommands.h"

namespace neurolake::cli {

void AddConversations(CLI::App& command, AskArguments& ask) {
  command.add_flag("-y,--yes", ask.yes, "Run a query in spite of its predicted cost");
  command.add_option("--continue", ask.conversation, "Go on with a conversation, or begin one: new")->option_text("ID");
  command.add_flag("--conversations", ask.list_conversations, "List your conversations");
  command.add_option("--show", ask.show_conversation, "Show what was asked in one of them")->option_text("ID");
  command.add_option("--delete", ask.delete_conversation, "Delete one of them")->option_text("ID");
  auto* const feedback =
      command.add_option("--feedback", ask.feedback, "What an answer was: correct, wrong, corrected")
          ->check(CLI::IsMember({"correct", "wrong", "corrected"}));
  auto* const about =
      command.add_option("--about", ask.about, "Id of the question that it is said of")->option_text("ID");
  feedback->needs(about);
  about->needs(feedback);
  command.add_option("--means", ask.means, "Other words for what the question means")->option_text("TEXT");
  command.add_option("--correct-sql", ask.correct_sql, "SQL for it, which a reviewer reads and nobody runs")
      ->option_text("SQL");
  command.add_option("--comment", ask.comment, "What else a reviewer should know")->option_text("TEXT");
  command.add_flag("--review", ask.review, "List what was said of answers over the model");
  command.add_option("--state", ask.state, "Of what is listed: open, approved, rejected, all")
      ->check(CLI::IsMember({"open", "approved", "rejected", "all"}));
  command.add_option("--approve", ask.approve, "Make a verified question of it, with --means if nobody said what")
      ->option_text("ID");
  command.add_option("--reject", ask.reject, "Reject it, or take a verified question back")->option_text("ID");
}

void AddDocuments(CLI::App& app, DocumentArguments& documents) {
  CLI::App* command = AddCommand(app, "documents", "Keep documents that answers cite", R"(Examples:
  neurolake --lake ./lake documents add handbook.md --tag public
  neurolake --server http://127.0.0.1:8321 documents add terms.pdf --tag legal --into docs.passages
  neurolake --lake ./lake documents list)");
  command->require_subcommand(1);
  const auto into = [&](CLI::App* one) {
    one->add_option("--into", documents.into, "Their table")->capture_default_str()->option_text("SCHEMA.TABLE");
  };
  CLI::App* add = AddCommand(*command, "add", "Read Markdown, HTML and PDF files into the table", R"(Examples:
  neurolake --lake ./lake documents add handbook.md terms.pdf --tag public
  neurolake --lake ./lake documents add draft.html --name "Returns policy" --title "Returns" --tag support

Files are read in a sandbox. A document of the same name is replaced. Who may find a document is decided by the
policies of the table, for instance by the tag.)");
  add->add_option("files", documents.files, "Files: .md, .txt, .html, .pdf")->required()->option_text("FILES");
  add->add_option("--name", documents.name, "What the document is called; the file's name without it");
  add->add_option("--title", documents.title, "Its title; its own without it");
  add->add_option("--tag", documents.tag, "What policies can go by");
  into(add);
  into(AddCommand(*command, "list", "The documents that you may see",
                  "Example:\n  neurolake --lake ./lake documents list"));
  CLI::App* remove = AddCommand(*command, "remove", "Remove a document",
                                "Example:\n  neurolake --lake ./lake documents remove handbook.md");
  remove->add_option("name", documents.name, "What the document is called")->required();
  into(remove);
}

}  // namespace neurolake::cli
