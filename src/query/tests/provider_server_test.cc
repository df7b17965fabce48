// What the server does with messages that no worker of ours would send.
#include "query/provider_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "query/append_messages.h"
#include "query/location_stores.h"
#include "query/system_relations.h"
#include "query/tests/counting_store.h"
#include "tables/delta/schema.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::CommitRequest;
using tables::delta::DomainMetadata;
using tables::delta::Metadata;
using tables::delta::Protocol;

class ProviderServerTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/provider_server_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/tables/t");
    database_ = metastore::OpenStore("", root_ + "/metadata.db").value();
    catalog_ = catalog::NewCatalog(*database_, clock_, root_);
    locations_ = std::make_unique<LocationStores>(*catalog_, CredentialKeySource{"", root_ + "/credentials.key"});
    tables::delta::DataType schema{.kind = tables::delta::DataType::Kind::kStruct};
    schema.fields.push_back({.name = "id", .type = {.kind = tables::delta::DataType::Kind::kLong}});
    schema.fields[0].metadata = {{"delta.identity.start", "1"},
                                 {"delta.identity.step", "1"},
                                 {"delta.identity.highWaterMark", "1"},
                                 {"delta.identity.allowExplicitInsert", "false"}};
    auto made = tables::delta::MakeNewTable(
                    schema, {},
                    {{"delta.feature.clustering", "supported"}, {"delta.feature.domainMetadata", "supported"}}, "", 0)
                    .value();
    protocol_ = made.protocol;
    metadata_ = made.metadata;
    CommitRequest create = Request("CREATE TABLE");
    create.read_version = -1;
    create.protocol = protocol_;
    create.metadata = metadata_;
    create.table_path = root_ + "/tables/t";
    const RequestContext ctx = ContextOf("admin");
    ASSERT_TRUE(tables::delta::Commit(ctx, store_, create).has_value());
    ASSERT_TRUE(
        catalog_->AddTable({.id = TableId("t"), .schema_name = "main", .name = "t", .location = create.table_path})
            .has_value());
    store_.reads.clear();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  RequestContext ContextOf(const std::string& role) const {
    return {{PrincipalId("p"), "ada", role, *RightsOfRole(role)}, "request", "test", clock_, SteadyTime::max()};
  }
  CommitRequest Request(const std::string& operation) const {
    CommitRequest request;
    request.read_version = 0;
    request.operation = operation;
    request.snapshot_protocol = protocol_;
    request.snapshot_metadata = metadata_;
    return request;
  }
  CommitRequest Append(const std::string& path) const {
    CommitRequest request = Request("WRITE");
    request.blind_append = true;
    request.adds.push_back({.path = path, .size_bytes = 1, .stats = R"({"numRecords":1})"});
    return request;
  }
  Metadata WithMark(const std::string& mark) const {
    Metadata moved = metadata_;
    auto schema = tables::delta::ParseSchema(moved.schema_string).value();
    schema.fields[0].metadata["delta.identity.highWaterMark"] = mark;
    moved.schema_string = SerializeSchema(schema);
    return moved;
  }
  /// "" if it was published, else the error's code.
  std::string Commit(const std::string& role, const CommitRequest& request) {
    const RequestContext ctx = ContextOf(role);
    ProviderServer server(ctx, *catalog_, store_, running_, "s", root_ + "/tables");
    json::object call = EncodeCommit({.table = TableId("t"), .request = request});
    call["method"] = "commit";
    const json::object reply = json::parse(server.Handle(json::serialize(call))).as_object();
    return reply.contains("error") ? std::string(ErrorName(DecodeError(reply.at("error").as_object()).code())) : "";
  }

  static json::object EncodeCreation(const std::string& name) {
    json::object call = query::EncodeCreation({.schema_name = "main", .table_name = name});
    call["method"] = "prepare_table";
    return call;
  }

  /// The answer to "open_store", or the error's code; `found` is looked up before, as the engine does.
  std::string OpenStore(const std::string& role, const std::string& url, const std::string& found = "") {
    const RequestContext ctx = ContextOf(role);
    ProviderServer server(ctx, *catalog_, store_, running_, "s", root_ + "/tables", {}, locations_.get());
    if (!found.empty()) {
      std::ignore =
          server.Handle(json::serialize(json::object{{"method", "find_table"}, {"schema", "main"}, {"name", found}}));
    }
    const std::string text = server.Handle(json::serialize(json::object{{"method", "open_store"}, {"url", url}}));
    const json::object reply = json::parse(text).as_object();
    if (!reply.contains("error")) return text;
    const Error error = DecodeError(reply.at("error").as_object());
    EXPECT_EQ(error.message().find("hush"), std::string::npos);
    return std::string(ErrorName(error.code()));
  }
  void MakeLocation() {
    ASSERT_TRUE(locations_
                    ->CreateCredential("c",
                                       {.prefix = "",
                                        .kind = "s3",
                                        .source = "keys",
                                        .options = {{"access_key_id", "id"}, {"secret_access_key", "hush"}}},
                                       clock_.Now(), false)
                    .has_value());
    const auto seen = catalog_->ChangeCredentials([](const auto& credential) -> Result<void> {
      EXPECT_EQ(credential.options.find("hush"), std::string::npos);
      return {};
    });
    ASSERT_TRUE(seen.has_value());
    ASSERT_TRUE(catalog_->AddExternalLocation({"l", "s3://b/dir", true, clock_.Now(), "c"}).has_value());
    for (const std::string name : {"one", "two"}) {
      ASSERT_TRUE(catalog_
                      ->AddTable({.id = TableId(name),
                                  .schema_name = "main",
                                  .name = name,
                                  .location = "s3://b/dir/" + name,
                                  .managed = false})
                      .has_value());
    }
  }

  SystemClock clock_;
  std::string root_;
  CountingStore store_;
  std::unique_ptr<metastore::Store> database_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<LocationStores> locations_;
  RunningStatements running_;
  Metrics metrics_;
  Protocol protocol_;
  Metadata metadata_;
};

TEST_F(ProviderServerTest, AShallowCloneNamesFilesOfItsSourceAndNoOthers) {
  const std::string source = "file://" + catalog_->FindTable(TableId("t")).value()->location + "/";
  const auto ask = [&](ProviderServer& server, json::object call) {
    const json::object reply = json::parse(server.Handle(json::serialize(call))).as_object();
    if (!reply.contains("error")) return std::pair(std::string(), reply.at("result"));
    const Error error = DecodeError(reply.at("error").as_object());
    return std::pair(std::string(ErrorName(error.code())), json::value(nullptr));
  };
  const auto clone_of = [&](ProviderServer& server, const std::string& clone, const std::string& of) {
    const json::object arguments = {{"clone", clone}, {"source", of}, {"version", 0}};
    return ask(server, {{"method", "maintain"}, {"action", "shallow_clone"}, {"arguments", json::serialize(arguments)}})
        .first;
  };
  const auto commit = [&](ProviderServer& server, const TableId& table, CommitRequest request, bool is_new) {
    engine::duckdb::LakeCommit made{.table = table, .request = std::move(request)};
    if (is_new) made.register_as = engine::duckdb::RelationName{"main", "c"};
    json::object call = EncodeCommit(made);
    call["method"] = "commit";
    return ask(server, std::move(call)).first;
  };
  CommitRequest create = Request("CLONE");
  create.read_version = -1;
  create.protocol = protocol_;
  create.metadata = metadata_;
  create.metadata->id = "c";
  create.adds = Append(source + "one").adds;
  const RequestContext ctx = ContextOf("engineer");
  TableId clone;
  {
    ProviderServer server(ctx, *catalog_, store_, running_, "s", root_ + "/tables");
    EXPECT_EQ(clone_of(server, "t", "t"), "Internal") << "nothing was prepared";
    auto prepared = ask(server, EncodeCreation("c"));
    clone = TableId(std::string(prepared.second.at("table").at("id").as_string()));
    EXPECT_EQ(commit(server, clone, create, true), "Internal") << "no clone yet, so its files are its own";
    EXPECT_EQ(clone_of(server, clone.value(), "t"), "Internal") << "the source was not found";
    EXPECT_EQ(ask(server, {{"method", "find_table"}, {"schema", "main"}, {"name", "t"}}).first, "");
    EXPECT_EQ(clone_of(server, clone.value(), "t"), "");
    for (const std::string& path :
         {std::string("file:///etc/passwd"), std::string("/etc/passwd"), "file://" + root_ + "/tables/t2/x"}) {
      CommitRequest other = create;
      other.adds[0].path = path;
      EXPECT_EQ(commit(server, clone, other, true), "PermissionDenied") << path;
    }
    EXPECT_EQ(commit(server, clone, create, true), "");
  }
  // The source has newer versions; what a VACUUM may have deleted since has to be there.
  for (const std::string event : {"WRITE", "VACUUM START", "VACUUM END", "the file is there"}) {
    const bool there = event == "the file is there";
    if (there) {
      ASSERT_TRUE(store_.PutIfAbsent(source.substr(7) + "one", "x").has_value());
    } else {
      ASSERT_EQ(Commit("writer", event == "WRITE" ? Append("more") : Request(event)), "");
    }
    const std::string refusal = there || event == "WRITE" ? ""
                                : event == "VACUUM START" ? "Conflict"
                                                          : "VersionNotFound";
    ProviderServer server(ctx, *catalog_, store_, running_, "s", root_ + "/tables");
    const auto prepared = ask(server, EncodeCreation("made_" + std::to_string(event.size())));
    const TableId id(std::string(prepared.second.at("table").at("id").as_string()));
    EXPECT_EQ(ask(server, {{"method", "find_table"}, {"schema", "main"}, {"name", "t"}}).first, "");
    EXPECT_EQ(clone_of(server, id.value(), "t"), "");
    EXPECT_EQ(catalog_->ListCloneSources(id)->size(), 1U);
    EXPECT_EQ(commit(server, id, create, true), refusal) << event;
    EXPECT_EQ(catalog_->ListCloneSources(id)->size(), refusal.empty() ? 1U : 0U) << "what was not made needs nothing";
  }
  const RequestContext writer = ContextOf("writer");
  ProviderServer server(writer, *catalog_, store_, running_, "s2", root_ + "/tables");
  CommitRequest again = Append(source + "one");
  again.blind_append = false;
  again.removes = {tables::delta::MakeRemove(again.adds[0], 1, true)};
  again.adds[0].deletion_vector = tables::delta::DeletionVectorDescriptor{
      .storage_type = "u", .path_or_inline_dv = "^-aqEH.-t@S}K{vb[*k^", .cardinality = 1};
  EXPECT_EQ(commit(server, clone, again, false), "") << "a file that it has, with fewer rows";
  EXPECT_EQ(commit(server, clone, Append(source + "two"), false), "Internal") << "one of the source that it has not";
  CommitRequest vector = Append("own");
  vector.adds[0].deletion_vector = tables::delta::DeletionVectorDescriptor{
      .storage_type = "p", .path_or_inline_dv = source + "two.bin", .cardinality = 1};
  EXPECT_EQ(commit(server, clone, vector, false), "Internal");
  EXPECT_EQ(Commit("writer", Append(source + "one")), "Internal") << "not into a table that is no clone";
}

TEST_F(ProviderServerTest, AStoreOpensForTablesOfTheStatementAlone) {
  MakeLocation();
  EXPECT_EQ(OpenStore("reader", "s3://b/dir/one/x"), "PermissionDenied");
  const std::string opened = OpenStore("reader", "s3://b/dir/one/x", "one");
  EXPECT_NE(opened.find("hush"), std::string::npos);
  EXPECT_NE(opened.find(R"("prefix":"s3://b/dir/one")"), std::string::npos) << opened;
  for (const char* url :
       {"s3://b/dir/two/x", "s3://b/dir/one2/x", "s3://b/dir", "s3://b/dir/x", "s3://b/dir/one/../two"}) {
    const std::string answer = OpenStore("reader", url, "one");
    EXPECT_EQ(answer.find("hush"), std::string::npos) << url;
  }
  // COPY INTO reads from the whole location, for who may write, and from no other place.
  EXPECT_NE(OpenStore("writer", "s3://b/dir/x.csv").find("hush"), std::string::npos);
  EXPECT_EQ(OpenStore("writer", "s3://b/directory/x.csv"), "PermissionDenied");
  EXPECT_EQ(OpenStore("admin", "s3://b/x.csv"), "PermissionDenied");
  EXPECT_EQ(OpenStore("member", "s3://b/dir/x.csv"), "PermissionDenied") << "who has what was granted alone";
}

TEST_F(ProviderServerTest, TheInnermostLocationOpensAPlaceHoweverTheOuterOneIsSpelt) {
  const StoreAccess access{
      .prefix = "", .kind = "azure", .source = "keys", .options = {{"account", "acct"}, {"account_key", "aHVzaA=="}}};
  ASSERT_TRUE(locations_->CreateCredential("c", access, clock_.Now(), false).has_value());
  ASSERT_TRUE(catalog_->AddExternalLocation({"inner_one", "az://box/i", true, clock_.Now(), "c"}).has_value());
  const auto store_outer = [](metastore::Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO external_locations (name, path, may_register, created, credential) "
                        "VALUES ('outer_one', 'azure://box/', 1, 0, 'c')",
                        {}));
    return {};
  };
  ASSERT_TRUE(database_->Write(store_outer).has_value());
  for (const auto& [url, prefix] : {std::pair("az://box/i/x.csv", R"("prefix":"az://box/i")"),
                                    std::pair("azure://box/j/x.csv", R"("prefix":"az://box")")}) {
    const std::string opened = OpenStore("writer", url);
    EXPECT_NE(opened.find(prefix), std::string::npos) << opened;
  }
}

TEST_F(ProviderServerTest, ACredentialWhoseEndpointWasChangedInTheStoreDoesNotOpen) {
  MakeLocation();
  ASSERT_TRUE(catalog_
                  ->ChangeCredentials([](catalog::CredentialRecord& credential) -> Result<void> {
                    credential.options = R"({"access_key_id":"id","endpoint":"http://evil"})";
                    return {};
                  })
                  .has_value());
  EXPECT_EQ(OpenStore("reader", "s3://b/dir/one/x", "one"), "Corruption");
}

TEST_F(ProviderServerTest, WhatTheMetadataWasIsReadFromTheLog) {
  CommitRequest request = Request("SET TBLPROPERTIES");
  request.metadata = metadata_;
  request.metadata->configuration["delta.appendOnly"] = "true";
  request.snapshot_metadata = request.metadata;
  EXPECT_EQ(Commit("writer", request), "PermissionDenied");
  EXPECT_EQ(Commit("engineer", request), "");
}

TEST_F(ProviderServerTest, WhatTheMetadataWasIsReadFromTheLogWithoutAChecksumToo) {
  std::filesystem::remove(root_ + "/tables/t/_delta_log/00000000000000000000.crc");
  CommitRequest request = Request("SET TBLPROPERTIES");
  request.metadata = metadata_;
  request.metadata->configuration["delta.appendOnly"] = "true";
  request.snapshot_metadata = request.metadata;
  EXPECT_EQ(Commit("writer", request), "PermissionDenied");
  EXPECT_EQ(Commit("engineer", request), "");
}

TEST_F(ProviderServerTest, MarksOfIdentityColumnsMoveWithRows) {
  CommitRequest request = Append("a.parquet");
  request.metadata = WithMark("2");
  EXPECT_EQ(Commit("reader", request), "PermissionDenied");
  EXPECT_EQ(Commit("writer", request), "");
}

TEST_F(ProviderServerTest, ClusteringIsTheTableAndNotItsRows) {
  CommitRequest request = Request("CLUSTER BY");
  request.domains.push_back({.domain = "delta.clustering", .configuration = R"({"clusteringColumns":[]})"});
  EXPECT_EQ(Commit("writer", request), "PermissionDenied");
  EXPECT_EQ(Commit("engineer", request), "");
}

TEST_F(ProviderServerTest, AVersionThatIsNotThereMakesNothingNew) {
  CommitRequest request = Request("SET TBLPROPERTIES");
  request.metadata = metadata_;
  request.read_version = -1;
  request.protocol = protocol_;
  EXPECT_EQ(Commit("writer", request), "PermissionDenied");
  request.read_version = 7;
  EXPECT_NE(Commit("engineer", request), "");
}

TEST_F(ProviderServerTest, ACommitHasTheTransactionOfItsRequestAndNoOther) {
  const RequestContext ctx = ContextOf("writer");
  ProviderServer server(ctx, *catalog_, store_, running_, "s", root_ + "/tables");
  server.RequireTransaction({"loader", 3});
  const auto commit = [&](const char* path, std::vector<tables::delta::SetTransaction> transactions) {
    CommitRequest request = Append(path);
    request.transactions = std::move(transactions);
    json::object call = EncodeCommit({.table = TableId("t"), .request = request});
    call["method"] = "commit";
    return !json::parse(server.Handle(json::serialize(call))).as_object().contains("error");
  };
  EXPECT_FALSE(commit("a.parquet", {}));
  EXPECT_FALSE(commit("a.parquet", {{.app_id = "loader", .version = 4, .last_updated_ms = std::nullopt}}));
  EXPECT_FALSE(commit("a.parquet", {{.app_id = "other", .version = 3, .last_updated_ms = std::nullopt}}));
  EXPECT_FALSE(commit("a.parquet", {{.app_id = "loader", .version = 3, .last_updated_ms = std::nullopt},
                                    {.app_id = "other", .version = 1, .last_updated_ms = std::nullopt}}));
  EXPECT_FALSE(server.committed_version().has_value());
  EXPECT_TRUE(commit("a.parquet", {{.app_id = "loader", .version = 3, .last_updated_ms = std::nullopt}}));
  EXPECT_EQ(server.committed_version(), 1);
  // What follows is the table's upkeep.
  EXPECT_FALSE(commit("b.parquet", {{.app_id = "loader", .version = 3, .last_updated_ms = std::nullopt}}));
  EXPECT_TRUE(commit("b.parquet", {}));
}

TEST_F(ProviderServerTest, OnlyLedgersAreWrittenWithoutARequestForThem) {
  CommitRequest request = Append("a.parquet");
  request.transactions.push_back({.app_id = "loader", .version = 3, .last_updated_ms = std::nullopt});
  EXPECT_NE(Commit("engineer", request), "");
  request.transactions[0].app_id = "neurolake.copy:abc";
  EXPECT_EQ(Commit("writer", request), "");
}

TEST_F(ProviderServerTest, TheWriterOfAGroupAppendsToItsTableAndNothingElse) {
  const RequestContext ctx = ContextOf("writer");
  ProviderServer server(ctx, *catalog_, store_, running_, "s", root_ + "/tables");
  server.ServeGroup(
      {.table = TableId("t"), .user_name = "ada, bob", .statement_ids = {"one", "two"}, .expectations = {"[]", "[]"}});
  const auto call = [&](const char* method, json::object arguments) {
    arguments["method"] = method;
    return json::parse(server.Handle(json::serialize(arguments))).as_object();
  };
  const auto refused = [&](TableId table, const CommitRequest& request) {
    return call("commit", EncodeCommit({.table = std::move(table), .request = request})).contains("error");
  };
  EXPECT_TRUE(call("list_schemas", {}).at("result").as_array().empty());
  EXPECT_TRUE(call("list_relations", {{"schema", "main"}}).at("result").as_array().empty());
  EXPECT_TRUE(call("system_rows", {{"relation", "queries"}, {"offset", 0}}).contains("error"));
  EXPECT_TRUE(call("find_table", {{"schema", "main"}, {"name", "t"}}).contains("result"));
  EXPECT_TRUE(refused(TableId("other"), Append("a.parquet")));
  {
    const RequestContext reader = ContextOf("reader");
    ProviderServer theirs(reader, *catalog_, store_, running_, "s", root_ + "/tables");
    theirs.ServeGroup({.table = TableId("t"), .user_name = "ada", .statement_ids = {"one"}, .expectations = {"[]"}});
    json::object commit = EncodeCommit({.table = TableId("t"), .request = Append("a.parquet")});
    commit["method"] = "commit";
    const json::object reply = json::parse(theirs.Handle(json::serialize(commit))).as_object();
    EXPECT_EQ(DecodeError(reply.at("error").as_object()).code(), ErrorCode::kPermissionDenied);
  }
  CommitRequest deletes = Append("a.parquet");
  deletes.removes.push_back({.path = "b.parquet", .deletion_timestamp_ms = 1, .size_bytes = 1});
  EXPECT_TRUE(refused(TableId("t"), deletes));
  CommitRequest moves = Append("a.parquet");
  moves.metadata = WithMark("2");
  EXPECT_TRUE(refused(TableId("t"), moves));
  EXPECT_FALSE(server.committed_version().has_value());
  EXPECT_FALSE(refused(TableId("t"), Append("a.parquet")));
  EXPECT_EQ(server.committed_version(), 1);
  // The members' rows are in; more would be nobody's.
  EXPECT_TRUE(refused(TableId("t"), Append("b.parquet")));
  const std::string commit = store_.Read(root_ + "/tables/t/_delta_log/00000000000000000001.json").value();
  EXPECT_THAT(commit, testing::HasSubstr(R"("userName":"ada, bob")"));
  EXPECT_THAT(commit, testing::HasSubstr(R"("numGroupedStatements":"2")"));
  EXPECT_THAT(commit, testing::HasSubstr(R"("neurolake.statements":"one,two")"));
}

TEST_F(ProviderServerTest, RowsAreTakenFromWhoMayWriteAndOnlyIfTheyAreRows) {
  AppendGroups groups({}, {}, metrics_);
  const auto append = [&](const std::string& role, const std::string& rows) {
    const RequestContext ctx = ContextOf(role);
    ProviderServer server(ctx, *catalog_, store_, running_, "s", root_ + "/tables");
    server.UseAppendGroups(groups);
    const std::string_view parts[] = {rows};
    const auto reply = server.Handle(Attach(R"({"method":"append","table":"t","definition":"d"})", parts));
    EXPECT_FALSE(server.has_append());
    return std::string(ErrorName(DecodeError(json::parse(reply).as_object().at("error").as_object()).code()));
  };
  EXPECT_EQ(append("reader", "x"), "PermissionDenied");
  EXPECT_EQ(append("writer", "not Arrow"), "Corruption");
}

TEST_F(ProviderServerTest, ALaneIsGivenBackWithTheCommitOrTheStatement) {
  AppendGroups groups({}, {}, metrics_);
  const RequestContext ctx = ContextOf("writer");
  const auto ask = [](ProviderServer& server) {
    return json::parse(server.Handle(R"({"method":"may_append","table":"t"})")).at("result").as_bool();
  };
  {
    ProviderServer first(ctx, *catalog_, store_, running_, "1", root_ + "/tables");
    ProviderServer second(ctx, *catalog_, store_, running_, "2", root_ + "/tables");
    first.UseAppendGroups(groups);
    second.UseAppendGroups(groups);
    EXPECT_FALSE(ask(first));
    EXPECT_TRUE(ask(second));
    json::object call = EncodeCommit({.table = TableId("t"), .request = Append("a.parquet")});
    call["method"] = "commit";
    EXPECT_TRUE(json::parse(first.Handle(json::serialize(call))).as_object().contains("result"));
    EXPECT_FALSE(ask(second));
  }
  ProviderServer third(ctx, *catalog_, store_, running_, "3", root_ + "/tables");
  third.UseAppendGroups(groups);
  EXPECT_FALSE(ask(third));
}

TEST_F(ProviderServerTest, RowsAloneCostNoReadOfWhatTheTableIs) {
  EXPECT_EQ(Commit("writer", Append("a.parquet")), "");
  // What Commit reads anyway: the predecessor, for its time, and its checksum, to carry it on.
  EXPECT_THAT(store_.reads, testing::UnorderedElementsAre("00000000000000000000.json", "00000000000000000000.crc"));
}

TEST_F(ProviderServerTest, PathsThatLeaveTheTableOrEnterItsLogAreRefused) {
  for (const char* path : {"../x.parquet",
                           "/etc/passwd",
                           "a/../../x",
                           "%2e%2e/x",
                           "a/%2E%2E/%2e%2e/x",
                           "a//../x",
                           "_delta_log/x",
                           "./_delta_log/x",
                           "././/_delta_log/x",
                           ".//%5fdelta_log/x",
                           "%2F_delta_log/x",
                           "file:_delta_log/x",
                           "file:x",
                           "file:///etc/passwd",
                           "s3://bucket/x",
                           "a%00b",
                           "a%2",
                           "a/",
                           ".",
                           "_delta_log"}) {
    EXPECT_EQ(Commit("engineer", Append(path)), "Internal") << path;
    CommitRequest changes = Append("good.parquet");
    changes.changes.push_back({.path = path, .partition_values = {}, .size_bytes = 1, .tags = {}});
    EXPECT_EQ(Commit("engineer", changes), "Internal") << path;
    CommitRequest removes = Request("DELETE");
    removes.removes.push_back({.path = path});
    EXPECT_EQ(Commit("engineer", removes), "Internal") << path;
    if (path == std::string_view("file:x")) continue;  // What a vector's path may be: it is a file of the table.
    CommitRequest vectors = Append("good.parquet");
    vectors.adds[0].deletion_vector = {
        .storage_type = "p", .path_or_inline_dv = path, .offset = 1, .size_bytes = 1, .cardinality = 1};
    EXPECT_EQ(Commit("engineer", vectors), "Internal") << path;
  }
  for (const char* path : {"a%20b.parquet", "p=1/a.parquet", "p=a%253Ab/..a.parquet", "./b.parquet"}) {
    EXPECT_EQ(Commit("writer", Append(path)), "") << path;
  }
}

TEST_F(ProviderServerTest, ADeletionVectorsNameIsOneOfTheTablesFiles) {
  const auto with = [&](const std::string& type, const std::string& name) {
    CommitRequest request = Append("a" + type + ".parquet");
    request.adds[0].deletion_vector = {
        .storage_type = type, .path_or_inline_dv = name, .offset = 1, .size_bytes = 1, .cardinality = 1};
    return Commit("writer", request);
  };
  const std::string uuid = "ab^-aqEH.-t@S}K{vb[*";
  EXPECT_EQ(with("u", "../" + uuid), "Internal");
  EXPECT_EQ(with("u", "_delta_log" + uuid), "Internal");
  EXPECT_EQ(with("u", "short"), "Internal");
  EXPECT_EQ(with("x", uuid), "Internal");
  EXPECT_EQ(with("u", uuid), "");
}

}  // namespace
}  // namespace neurolake::query
