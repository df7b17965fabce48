// What becomes of a table whose name somebody else took while it was made.
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "query/messages.h"
#include "query/provider_server.h"
#include "query/system_relations.h"
#include "tables/delta/commit.h"
#include "tables/delta/schema.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

class LostNamesTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/lost_names_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/tables");
    database_ = metastore::OpenStore("", root_ + "/metadata.db").value();
    catalog_ = catalog::NewCatalog(*database_, clock_, root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  static tables::delta::CommitRequest Creation() {
    tables::delta::DataType schema{.kind = tables::delta::DataType::Kind::kStruct};
    schema.fields.push_back({.name = "id", .type = {.kind = tables::delta::DataType::Kind::kLong}});
    auto made = tables::delta::MakeNewTable(schema, {}, {}, "", 0).value();
    tables::delta::CommitRequest request;
    request.read_version = -1;
    request.operation = "CREATE TABLE";
    request.protocol = std::move(made.protocol);
    request.metadata = std::move(made.metadata);
    return request;
  }

  SystemClock clock_;
  std::string root_;
  std::unique_ptr<storage::ObjectStore> store_ = storage::NewLocalStore();
  std::unique_ptr<metastore::Store> database_;
  std::unique_ptr<catalog::Catalog> catalog_;
  RunningStatements running_;
};

TEST_F(LostNamesTest, IsALostRaceOrNothingToDo) {
  const RequestContext ctx({PrincipalId("p"), "ada", "engineer", *RightsOfRole("engineer")}, "request", "test", clock_,
                           SteadyTime::max());
  struct Case {
    std::string name;
    bool or_replace, if_not_exists, view;
    std::string error;
  };
  for (const Case& now :
       {Case{"plain", false, false, false, "AlreadyExists"}, Case{"rep", true, false, false, "Conflict"},
        Case{"ine", false, true, false, ""}, Case{"view", false, true, true, "Conflict"}}) {
    ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
    const auto ask = [&](const json::object& call) {
      return json::parse(server.Handle(json::serialize(call))).as_object();
    };
    json::object creation = query::EncodeCreation({.schema_name = "main",
                                                   .table_name = now.name,
                                                   .or_replace = now.or_replace,
                                                   .if_not_exists = now.if_not_exists});
    creation["method"] = "prepare_table";
    const json::object prepared = ask(creation);
    const json::object& table = prepared.at("result").at("table").as_object();
    const TableId id(std::string(table.at("id").as_string()));
    // Somebody else is faster.
    if (now.view) {
      ASSERT_TRUE(catalog_->CreateView({.schema_name = "main", .name = now.name, .sql = "SELECT 1"}, false, false));
    } else {
      ASSERT_TRUE(catalog_->AddTable({.id = TableId(now.name), .schema_name = "main", .name = now.name}));
    }
    const auto create = Creation();
    json::object commit =
        EncodeCommit({.table = id, .request = create, .register_as = engine::duckdb::RelationName{"main", now.name}});
    commit["method"] = "commit";
    const json::object reply = ask(commit);
    if (now.error.empty()) {
      EXPECT_EQ(reply.at("result").at("version").as_int64(), -1) << now.name;
      EXPECT_FALSE(server.committed_version());
    } else {
      EXPECT_EQ(ErrorName(DecodeError(reply.at("error").as_object()).code()), now.error) << now.name;
    }
    const std::string log = root_ + "/tables/" + id.value() + "/_delta_log";
    EXPECT_TRUE(store_->List(log, "")->empty()) << "nothing of it is left: " << now.name;
    EXPECT_TRUE(server.effects().published.empty());
  }
}

}  // namespace
}  // namespace neurolake::query
