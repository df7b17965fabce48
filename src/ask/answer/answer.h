#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ask/answer/table.h"
#include "ask/grammar/understand.h"
#include "ask/intent/intent.h"

namespace neurolake::ask {

/// A reading to choose from: its words, and the intent that asks for it.
struct Choice {
  std::string words;
  Intent intent;
};

/// How current a table of the answer is.
struct Freshness {
  std::string table;         ///< schema.table
  int64_t version = -1;      ///< Of its log; -1: it has none.
  std::string committed_at;  ///< UTC, RFC 3339; empty: not known.
};

/// What a document says about it: a quotation for people, and nobody's word but the document's.
struct Citation {
  std::string document;
  std::string title;
  std::string section;
  int64_t page = 0;  ///< From 1; 0: it has none.
  std::string text;  ///< The passage, or its beginning.
};

/// What a question came to. Which members are set hangs on `status`; all of it may be shown to who asked.
struct Answer {
  Status status = Status::kAbstained;
  std::string question;
  std::string source =
      {};  ///< Whose reading it is, or the first choice: a language model's, "openai:NAME"; empty: our own.
  double confidence = 0;  ///< That the question was read rightly, 0 to 1, calibrated by `neurolake eval`.
  // kAnswered:
  std::string sentence;
  AnswerTable table;
  std::optional<boost::json::object> chart = std::nullopt;
  std::string sql;
  std::vector<Definition> definitions;
  std::vector<Assumption> assumptions;
  std::vector<Freshness> freshness;
  std::vector<std::string> notes;  ///< What makes the answer less than certain: partial periods, lost rows, a cut.
  std::optional<Intent> intent = std::nullopt;
  bool is_follow_up = false;             ///< The question changed the one before.
  std::string cost_json = "{}";          ///< What the query was predicted to take; {}: not known to who asks.
  std::vector<Citation> documents = {};  ///< Of kAnswered: of descriptions only; of kAbstained too.
  // kClarify: up to four; one if it asks first.
  std::vector<Choice> choices;
  bool asks_first = false;  ///< One choice, to be confirmed: it takes much.
  // kAbstained:
  std::string reason;
  std::vector<std::string> suggestions;  ///< Questions nearby that can be answered.
};

std::string_view StatusName(Status status);

/// The answer as doors give it (docs/ask.md, "The answer as JSON"): rows as arrays, decimals and times as text.
boost::json::object ToJson(const Answer& answer);

}  // namespace neurolake::ask
