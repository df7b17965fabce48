#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "metastore/internal/migrations.h"
#include "metastore/internal/table_copy.h"
#include "metastore/tests/store_fixture.h"

namespace neurolake::metastore {
namespace {

class MigrationTest : public StoreTest {
 protected:
  // Every table, column, and index name, with what the catalogue of the store says about them.
  std::vector<Row> Shape() {
    const bool sqlite = GetParam() == "sqlite";
    return store_
        ->ReadOnce(sqlite ? "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
                          : "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text, "
                            "collation_name::text FROM information_schema.columns WHERE table_schema = 'public' "
                            "UNION ALL SELECT tablename::text, indexname::text, indexdef, '', '' FROM pg_indexes "
                            "WHERE schemaname = 'public' ORDER BY 1, 2")
        .value();
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, MigrationTest, testing::Values("sqlite", "postgresql"));

TEST_P(MigrationTest, VersionsAreNumberedInOrder) {
  int expected = 0;
  for (const Migration& migration : Migrations()) EXPECT_EQ(migration.version, ++expected);
  EXPECT_EQ(CurrentMigration(*store_).value(), NewestMigration());
}

TEST_P(MigrationTest, EveryStepDownUndoesItsStepUp) {
  std::vector<std::vector<Row>> shapes(static_cast<size_t>(NewestMigration()) + 1);
  ASSERT_TRUE(MigrateTo(*store_, 0).has_value());
  EXPECT_TRUE(Shape().empty());
  for (int version = 1; version <= NewestMigration(); ++version) {
    ASSERT_TRUE(MigrateTo(*store_, version).has_value());
    shapes[static_cast<size_t>(version)] = Shape();
  }
  for (int version = NewestMigration(); version > 0; --version) {
    ASSERT_TRUE(MigrateTo(*store_, version).has_value());
    EXPECT_EQ(CurrentMigration(*store_).value(), version);
    EXPECT_EQ(Shape(), shapes[static_cast<size_t>(version)]) << "at " << version;
  }
  ASSERT_TRUE(MigrateTo(*store_, 0).has_value());
  EXPECT_EQ(CurrentMigration(*store_).value(), 0);
  EXPECT_TRUE(Shape().empty());
}

TEST_P(MigrationTest, DownAndUpAgainKeepsWhatOlderVersionsKnow) {
  ASSERT_TRUE(store_->WriteRelaxed("INSERT INTO schemas VALUES ('an id', 'mine', '', 5)").has_value());
  ASSERT_TRUE(MigrateTo(*store_, 1).has_value());
  ASSERT_TRUE(MigrateTo(*store_, NewestMigration()).has_value());
  EXPECT_EQ(store_->ReadOnce("SELECT created FROM schemas WHERE name = 'mine'").value(),
            std::vector<Row>{{int64_t{5}}});
}

TEST_P(MigrationTest, UnknownVersionsAreRefused) {
  EXPECT_EQ(MigrateTo(*store_, NewestMigration() + 1).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(MigrateTo(*store_, -1).error().code(), ErrorCode::kInvalidArgument);
}

TEST_P(MigrationTest, AStoreOfANewerProgramIsLeftAlone) {
  ASSERT_TRUE(store_
                  ->WriteRelaxed("INSERT INTO schema_migrations VALUES (?, 'from the future', 0)",
                                 {int64_t{NewestMigration() + 1}})
                  .has_value());
  const auto opened = OpenStore(url_, path_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), ErrorCode::kNotSupported);
  EXPECT_THAT(opened.error().message(), testing::HasSubstr("newer version"));
  EXPECT_EQ(MigrateTo(*store_, 0).error().code(), ErrorCode::kNotSupported);
}

TEST_P(MigrationTest, AFailedMigrationLeavesTheVersionBefore) {
  ASSERT_TRUE(MigrateTo(*store_, 1).has_value());
  // In the way of version 4.
  ASSERT_TRUE(store_
                  ->Write([](Session& session) -> Result<void> {
                    NL_RETURN_IF_ERROR(session.Execute("CREATE TABLE statements (id BIGINT)"));
                    return {};
                  })
                  .has_value());
  const auto before = Shape();
  EXPECT_FALSE(MigrateTo(*store_, NewestMigration()).has_value());
  EXPECT_EQ(CurrentMigration(*store_).value(), 1);
  EXPECT_EQ(Shape(), before);
}

TEST_P(MigrationTest, ProcessesThatMigrateAtOnceDoItOnce) {
  ASSERT_TRUE(MigrateTo(*store_, 0).has_value());
  store_.reset();
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto opened = OpenStore(url_, path_);
      ::_exit(opened.has_value() ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  store_ = Open();
  EXPECT_EQ(store_->ReadOnce("SELECT COUNT(*), MAX(version) FROM schema_migrations").value(),
            (std::vector<Row>{{int64_t{NewestMigration()}, int64_t{NewestMigration()}}}));
  EXPECT_EQ(store_->ReadOnce("SELECT name FROM schemas ORDER BY name").value(),
            (std::vector<Row>{{"bronze"}, {"gold"}, {"main"}, {"silver"}}));
  EXPECT_EQ(store_->ReadOnce("SELECT name, role FROM principals").value(), (std::vector<Row>{{"local", "admin"}}));
}

TEST_P(MigrationTest, GrantsOnSemanticModelsGoToTheOthersAndBack) {
  ASSERT_TRUE(MigrateTo(*store_, 25).has_value());
  const auto insert = [&](const std::string& sql) { ASSERT_TRUE(store_->WriteRelaxed(sql, {}).has_value()) << sql; };
  insert("INSERT INTO object_grants VALUES ('model', 'openai:a', 'execute', 'role', 'reader', 0, 'ada', 1)");
  insert("INSERT INTO object_grants VALUES ('pipeline', '', 'modify', 'public', '', 1, 'ada', 2)");
  insert("INSERT INTO semantic_model_grants VALUES ('model', 'an id', 'usage', 'user', 'u', 1, 'bea', 3)");
  insert("INSERT INTO semantic_model_grants VALUES ('schema', 'a schema', 'create', 'group', 'g', 0, 'bea', 4)");
  insert("INSERT INTO semantic_model_grants VALUES ('schema', 'a schema', 'usage', 'group', 'g', 0, 'bea', 5)");
  insert("INSERT INTO semantic_model_grants VALUES ('lake', '', 'usage', 'public', '', 0, 'bea', 6)");
  const char* of_models = "SELECT * FROM semantic_model_grants ORDER BY created";
  const auto before = store_->ReadOnce(of_models).value();
  ASSERT_EQ(before.size(), 4U);
  ASSERT_TRUE(MigrateTo(*store_, 26).has_value());
  const auto row = [](const char* kind, const char* object, const char* privilege, const char* grantee_kind,
                      const char* grantee, int64_t denied, const char* by, int64_t created) {
    return Row{kind, object, privilege, grantee_kind, grantee, denied, by, created};
  };
  EXPECT_EQ(store_
                ->ReadOnce("SELECT object_kind, object, privilege, grantee_kind, grantee_id, denied, "
                           "granted_by, created FROM object_grants ORDER BY created")
                .value(),
            (std::vector<Row>{row("model", "openai:a", "execute", "role", "reader", 0, "ada", 1),
                              row("pipeline", "", "modify", "public", "", 1, "ada", 2),
                              row("semantic_model", "an id", "usage", "user", "u", 1, "bea", 3),
                              row("semantic_models_of_schema", "a schema", "create", "group", "g", 0, "bea", 4),
                              row("semantic_models_of_schema", "a schema", "usage", "group", "g", 0, "bea", 5),
                              row("semantic_model", "", "usage", "public", "", 0, "bea", 6)}));
  ASSERT_TRUE(MigrateTo(*store_, 25).has_value());
  EXPECT_EQ(store_->ReadOnce(of_models).value(), before);
  EXPECT_EQ(store_->ReadOnce("SELECT object_name FROM object_grants ORDER BY created").value(),
            (std::vector<Row>{{"openai:a"}, {""}}));
}

TEST_P(MigrationTest, TablesAreListedInTheOrderOfTheirForeignKeys) {
  const auto tables = TablesAt(NewestMigration()).value();
  std::vector<std::string> names;
  for (const auto& table : tables) names.push_back(table.name);
  EXPECT_THAT(
      names,
      testing::ElementsAre(
          "schemas", "relations", "principals", "tokens", "external_locations", "statements", "dropped_tables",
          "table_statistics", "expectations", "expectation_results", "credentials", "lineage", "event_outbox",
          "clone_sources", "principal_groups", "group_members", "policies", "grants", "tags", "tag_policies",
          "purposes", "purpose_grants", "allowed_purposes", "minimum_groups", "break_glass", "principal_attributes",
          "data_keys", "data_key_versions", "data_key_lookups", "passwords", "sessions", "external_identities",
          "policy_bundles", "policy_activations", "pii_findings", "function_grants", "pii_thresholds", "model_days",
          "model_calls", "runs", "run_steps", "data_key_grants", "data_key_tables", "data_subjects",
          "data_subject_columns", "data_subject_grants", "erasures", "tag_minimum_groups", "object_grants",
          "semantic_models", "semantic_model_versions", "semantic_model_tables", "ask_conversations", "ask_questions",
          "ask_feedback", "kept_answers", "pii_rules", "statistics_floors", "statistics_holds"));
  EXPECT_THAT(tables[0].columns, testing::ElementsAre("id", "name", "comment", "created"));
  EXPECT_TRUE(TablesAt(0).value().empty());
}

}  // namespace
}  // namespace neurolake::metastore
