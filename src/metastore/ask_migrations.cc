// What people asked in plain language, and what they said of the answers.
#include "metastore/internal/governance_migrations.h"

namespace neurolake::metastore {

// Questions and intents may name people: `sealed` is encrypted, and rows of results are nowhere. `owner` is who asks,
// and for whom (catalog::AskOwner).
Migration Conversations() {
  return {24,
          "conversations and feedback",
          {
              R"(CREATE TABLE ask_conversations (
                id TEXT NOT NULL PRIMARY KEY,
                owner TEXT NOT NULL,
                started INTEGER NOT NULL,
                updated INTEGER NOT NULL))",
              "CREATE INDEX ask_conversations_owner ON ask_conversations (owner, updated)",
              "CREATE INDEX ask_conversations_updated ON ask_conversations (updated)",
              R"(CREATE TABLE ask_questions (
                id TEXT NOT NULL PRIMARY KEY,
                conversation_id TEXT NOT NULL REFERENCES ask_conversations (id),
                place INTEGER NOT NULL,
                status TEXT NOT NULL,
                model TEXT NOT NULL,
                model_version TEXT NOT NULL,
                asked INTEGER NOT NULL,
                sealed TEXT NOT NULL,
                key_id TEXT NOT NULL,
                UNIQUE (conversation_id, place)))",
              R"(CREATE TABLE ask_feedback (
                id TEXT NOT NULL PRIMARY KEY,
                question_id TEXT NOT NULL,
                model TEXT NOT NULL,
                verdict TEXT NOT NULL CHECK (verdict IN ('correct', 'wrong', 'corrected')),
                state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'rejected')),
                given_by TEXT NOT NULL,
                given_by_id TEXT NOT NULL,
                given INTEGER NOT NULL,
                decided_by TEXT NOT NULL,
                decided INTEGER,
                sealed TEXT NOT NULL,
                key_id TEXT NOT NULL,
                UNIQUE (question_id, given_by_id)))",
              "CREATE INDEX ask_feedback_state ON ask_feedback (state, model)",
          },
          {"DROP TABLE ask_feedback", "DROP TABLE ask_questions", "DROP TABLE ask_conversations"}};
}

}  // namespace neurolake::metastore
