#include <gmock/gmock.h>

#include <filesystem>

#include "catalog/tests/catalog_fixture.h"

namespace neurolake::catalog {
namespace {

class RelationsTest : public CatalogTest {
 protected:
  std::vector<std::string> SchemaNames() {
    std::vector<std::string> names;
    const auto schemas = catalog_->ListSchemas().value();
    for (const auto& schema : schemas) names.push_back(schema.name);
    return names;
  }
  std::vector<std::string> TableNames(const std::optional<std::string>& schema = std::nullopt) {
    std::vector<std::string> names;
    const auto tables = catalog_->ListTables(schema).value();
    for (const auto& table : tables) names.push_back(table.schema_name + "." + table.name);
    return names;
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, RelationsTest, testing::Values("sqlite", "postgresql"));

TEST_P(RelationsTest, ANewLakeHasItsFourSchemas) {
  EXPECT_THAT(SchemaNames(), testing::ElementsAre("bronze", "gold", "main", "silver"));
  EXPECT_TRUE(catalog_->FindSchema("MAIN").value().has_value());
  EXPECT_FALSE(catalog_->FindSchema("system").value().has_value());
  EXPECT_FALSE(catalog_->FindSchema("\xFF").value().has_value());
}

TEST_P(RelationsTest, SchemasAreMadeFoundAndDropped) {
  const auto made = catalog_->CreateSchema("Sales", false, "what we sold");
  ASSERT_OK(made);
  const auto found = catalog_->FindSchema("SALES").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, made->id);
  EXPECT_EQ(found->name, "sales");
  EXPECT_EQ(found->comment, "what we sold");
  EXPECT_EQ(found->created, clock_.Now());
  EXPECT_EQ(CodeOf(catalog_->CreateSchema("sales", false, "")), ErrorCode::kAlreadyExists);
  EXPECT_EQ(catalog_->CreateSchema("sales", true, "").value().id, made->id);
  EXPECT_EQ(CodeOf(catalog_->CreateSchema("System", true, "")), ErrorCode::kInvalidArgument);
  ASSERT_OK(catalog_->DropSchema("saLes", false, false));
  EXPECT_EQ(CodeOf(catalog_->DropSchema("sales", false, false)), ErrorCode::kSchemaNotFound);
  EXPECT_OK(catalog_->DropSchema("sales", true, false));
  EXPECT_EQ(CodeOf(catalog_->DropSchema("main", false, true)), ErrorCode::kInvalidArgument);
}

TEST_P(RelationsTest, OnlyCascadeDropsAFullSchema) {
  ASSERT_OK(catalog_->CreateSchema("s", false, ""));
  ASSERT_OK(catalog_->AddTable(Table("s", "t", "1")));
  ASSERT_OK(catalog_->CreateView(View("s", "v"), false, false));
  EXPECT_EQ(CodeOf(catalog_->DropSchema("s", false, false)), ErrorCode::kDependentObjects);
  EXPECT_TRUE(catalog_->FindTable(TableId("1")).value().has_value());
  ASSERT_OK(catalog_->DropSchema("s", false, true));
  EXPECT_FALSE(catalog_->FindTable(TableId("1")).value().has_value());
  EXPECT_TRUE(catalog_->ListViews(std::nullopt).value().empty());
}

TEST_P(RelationsTest, ATableComesBackAsItWent) {
  ASSERT_OK(catalog_->AddTable(Table("Bronze", "Flüge 2013", "id-1")));
  const auto found = catalog_->FindTable("BRONZE", "flüGE 2013").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, TableId("id-1"));
  EXPECT_EQ(found->schema_name, "bronze");
  EXPECT_EQ(found->name, "flüge 2013");
  EXPECT_EQ(found->location, lake_ + "/tables/id-1");
  EXPECT_TRUE(found->managed);
  EXPECT_EQ(found->owner, PrincipalId("p"));
  EXPECT_EQ(found->comment, "a comment");
  EXPECT_EQ(found->created, clock_.Now());
  EXPECT_EQ(catalog_->FindTable(TableId("id-1")).value()->name, found->name);
  EXPECT_FALSE(catalog_->FindTable("main", "flüge 2013").value().has_value());
  EXPECT_FALSE(catalog_->FindTable("bronze", "").value().has_value());
  EXPECT_FALSE(catalog_->FindTable("bronze", std::string("flüge 2013\0", 12)).value().has_value());
}

TEST_P(RelationsTest, TheLakeCanBeMoved) {
  ASSERT_OK(catalog_->AddTable(Table("main", "t", "1")));
  auto no_location = Table("main", "u", "2");
  no_location.location.clear();
  ASSERT_OK(catalog_->AddTable(no_location));
  const auto moved = NewCatalog(*store_, clock_, "/elsewhere");
  EXPECT_EQ(moved->FindTable("main", "t").value()->location, "/elsewhere/tables/1");
  EXPECT_EQ(moved->FindTable("main", "u").value()->location, "/elsewhere/tables/2");
}

TEST_P(RelationsTest, TablesAndViewsShareTheirNames) {
  ASSERT_OK(catalog_->AddTable(Table("main", "t", "1")));
  ASSERT_OK(catalog_->CreateView(View("main", "v"), false, false));
  EXPECT_EQ(CodeOf(catalog_->AddTable(Table("main", "T", "2"))), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog_->AddTable(Table("main", "V", "2"))), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog_->AddTable(Table("silver", "t", "1"))), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog_->CreateView(View("main", "t"), true, false)), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog_->CreateView(View("main", "t"), false, true)), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog_->DropTable("main", "v", true)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(catalog_->DropView("main", "t", true)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(catalog_->AddTable(Table("absent", "t", "2"))), ErrorCode::kSchemaNotFound);
  EXPECT_EQ(CodeOf(catalog_->AddTable(Table("system", "t", "2"))), ErrorCode::kInvalidArgument);
}

TEST_P(RelationsTest, ADroppedNameIsFree) {
  ASSERT_OK(catalog_->AddTable(Table("main", "t", "1")));
  ASSERT_OK(catalog_->DropTable("main", "T", false));
  EXPECT_EQ(CodeOf(catalog_->DropTable("main", "t", false)), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(catalog_->DropTable("absent", "t", false)), ErrorCode::kSchemaNotFound);
  EXPECT_OK(catalog_->DropTable("main", "t", true));
  EXPECT_OK(catalog_->DropTable("absent", "t", true));
  ASSERT_OK(catalog_->AddTable(Table("main", "t", "2")));
}

TEST_P(RelationsTest, NoTableLiesAmongTheFilesOfADroppedOne) {
  auto managed = Table("main", "t", "1");
  managed.location = "s3://lake/tables/1";
  ASSERT_OK(catalog_->AddTable(managed));
  ASSERT_OK(catalog_->DropTable("main", "t", false));
  for (const char* location : {"s3://lake/tables/1", "s3://lake/tables/1/inner", "s3://lake/tables"}) {
    auto other = Table("main", "other", "2");
    other.managed = false;
    other.location = location;
    EXPECT_EQ(CodeOf(catalog_->AddTable(other)), ErrorCode::kInvalidArgument) << location;
  }
  auto beside = Table("main", "beside", "3");
  beside.managed = false;
  beside.location = "s3://lake/tables/11";
  EXPECT_OK(catalog_->AddTable(beside));
  EXPECT_OK(catalog_->UndropTable(TableId("1")));
}

TEST_P(RelationsTest, ADroppedTableComesBackOrIsClaimed) {
  ASSERT_OK(catalog_->AddTable(Table("main", "back", "1")));
  ASSERT_OK(catalog_->AddTable(Table("main", "gone", "2")));
  ASSERT_OK(catalog_->DropTable("main", "back", false));
  ASSERT_OK(catalog_->DropTable("main", "gone", false));
  EXPECT_EQ(catalog_->FindDroppedTable("MAIN", "Back")->table.id, TableId("1"));
  EXPECT_EQ(catalog_->FindDroppedTable(TableId("2"))->table.name, "gone");
  EXPECT_EQ(CodeOf(catalog_->FindDroppedTable("main", "never")), ErrorCode::kNotFound);
  EXPECT_TRUE(catalog_->ClaimDroppedTables(clock_.Now())->empty());
  ASSERT_OK(catalog_->UndropTable(TableId("1")));
  EXPECT_EQ(CodeOf(catalog_->UndropTable(TableId("1"))), ErrorCode::kNotFound);
  // What is claimed cannot come back, and is answered until it is forgotten.
  for (int i = 0; i < 2; ++i) {
    const auto claimed = catalog_->ClaimDroppedTables(clock_.Now() + std::chrono::seconds(1)).value();
    ASSERT_EQ(claimed.size(), 1U);
    EXPECT_EQ(claimed[0].id, TableId("2"));
    EXPECT_TRUE(catalog_->ListDroppedTables()->empty());
    EXPECT_EQ(CodeOf(catalog_->FindDroppedTable(TableId("2"))), ErrorCode::kNotFound);
    EXPECT_EQ(CodeOf(catalog_->FindDroppedTable("main", "gone")), ErrorCode::kNotFound);
    EXPECT_EQ(CodeOf(catalog_->UndropTable(TableId("2"))), ErrorCode::kNotFound);
  }
  ASSERT_OK(catalog_->ForgetDroppedTable(TableId("2")));
  EXPECT_TRUE(catalog_->ClaimDroppedTables(clock_.Now() + std::chrono::seconds(1))->empty());
  EXPECT_EQ(TableNames(), (std::vector<std::string>{"main.back"}));
}

TEST_P(RelationsTest, ASourceStaysAsLongAsItsShallowClonesCanBeRead) {
  const auto later = [&] { return clock_.Now() + std::chrono::seconds(1); };
  ASSERT_OK(catalog_->AddTable(Table("main", "source", "1")));
  ASSERT_OK(catalog_->AddTable(Table("main", "clone", "2")));
  const auto source = *catalog_->FindTable(TableId("1")).value();
  EXPECT_FALSE(source.is_shallow_clone);
  const CloneSource made_from{.source = source.id, .location = source.location, .managed = true, .named = "/was/t"};
  for (int i = 0; i < 2; ++i) ASSERT_OK(catalog_->AddCloneSources(TableId("2"), {made_from}));
  EXPECT_TRUE(catalog_->FindTable("main", "clone").value()->is_shallow_clone);
  const auto sources = catalog_->ListCloneSources(TableId("2")).value();
  ASSERT_EQ(sources.size(), 1U);
  EXPECT_EQ(sources[0].location, lake_ + "/tables/1");
  EXPECT_EQ(sources[0].named, "/was/t");
  EXPECT_TRUE(catalog_->ListCloneSources(TableId("1"))->empty());
  EXPECT_TRUE(catalog_->ListClonesOf(*catalog_->FindTable(TableId("2")).value())->empty());

  ASSERT_OK(catalog_->DropTable("main", "source", false));
  EXPECT_TRUE(catalog_->ClaimDroppedTables(later())->empty());
  ASSERT_OK(catalog_->UndropTable(TableId("1")));
  ASSERT_OK(catalog_->DropTable("main", "clone", false));
  ASSERT_EQ(catalog_->ListClonesOf(source)->size(), 1U) << "it can come back";
  ASSERT_OK(catalog_->DropTable("main", "source", false));
  EXPECT_EQ(catalog_->ClaimDroppedTables(later())->size(), 2U) << "both are gone for good";
  ASSERT_OK(catalog_->ForgetDroppedTable(TableId("2")));
  EXPECT_TRUE(catalog_->ListCloneSources(TableId("2"))->empty());
}

TEST_P(RelationsTest, WhatADroppedCloneNeedsStaysAsLongAsItCanComeBack) {
  const auto later = [&] { return clock_.Now() + std::chrono::seconds(1); };
  for (const char* id : {"1", "2", "3"}) ASSERT_OK(catalog_->AddTable(Table("main", std::string("t") + id, id)));
  const auto clone = [&](const char* of, const char* from) {
    const auto source = *catalog_->FindTable(TableId(from)).value();
    ASSERT_OK(catalog_->AddCloneSources(
        TableId(of),
        {{.source = source.id, .location = source.location, .managed = true, .named = std::string("/was/") + from}}));
  };
  clone("2", "1");
  clone("3", "2");
  ASSERT_OK(catalog_->DropTable("main", "t1", false));
  ASSERT_OK(catalog_->DropTable("main", "t2", false));
  // 3 keeps 2, which can come back and then needs 1.
  EXPECT_TRUE(catalog_->ClaimDroppedTables(later())->empty());
  ASSERT_OK(catalog_->DropTable("main", "t3", false));
  EXPECT_EQ(catalog_->ClaimDroppedTables(later())->size(), 3U);
}

TEST_P(RelationsTest, ACloneCountsBeforeItHasItsName) {
  ASSERT_OK(catalog_->AddTable(Table("main", "source", "1")));
  const auto source = *catalog_->FindTable(TableId("1")).value();
  ASSERT_OK(catalog_->AddCloneSources(
      TableId("2"), {{.source = source.id, .location = source.location, .managed = true, .named = "/was/1"}}));
  const auto clones = catalog_->ListClonesOf(source).value();
  ASSERT_EQ(clones.size(), 1U);
  EXPECT_EQ(clones[0].first.id, TableId("2"));
  EXPECT_EQ(clones[0].first.name, "");
  EXPECT_EQ(clones[0].second.named, "/was/1");
  ASSERT_OK(catalog_->ForgetDroppedTable(TableId("2")));
  EXPECT_TRUE(catalog_->ListClonesOf(source)->empty());
}

TEST_P(RelationsTest, ARenameKeepsTheTable) {
  ASSERT_OK(catalog_->AddTable(Table("bronze", "t", "1")));
  ASSERT_OK(catalog_->AddTable(Table("silver", "u", "2")));
  ASSERT_OK(catalog_->CreateView(View("silver", "v"), false, false));
  ASSERT_OK(catalog_->RenameTable("Bronze", "T", "Silver", "New"));
  const auto renamed = catalog_->FindTable(TableId("1")).value();
  EXPECT_EQ(renamed->schema_name, "silver");
  EXPECT_EQ(renamed->name, "new");
  EXPECT_EQ(renamed->location, lake_ + "/tables/1");
  EXPECT_FALSE(catalog_->FindTable("bronze", "t").value().has_value());
  EXPECT_EQ(CodeOf(catalog_->RenameTable("silver", "new", "silver", "u")), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog_->RenameTable("silver", "new", "silver", "v")), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog_->RenameTable("silver", "absent", "silver", "x")), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(catalog_->RenameTable("silver", "new", "absent", "x")), ErrorCode::kSchemaNotFound);
  EXPECT_EQ(CodeOf(catalog_->RenameTable("silver", "v", "silver", "x")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(catalog_->RenameTable("silver", "new", "silver", "a\nb")), ErrorCode::kInvalidArgument);
}

TEST_P(RelationsTest, LocationsMustNotOverlap) {
  ASSERT_OK(catalog_->AddTable(External("main", "a", "1", "/data/a")));
  for (const char* taken : {"/data/a", "/data/a/", "/data/a/b/c", "/data", "/data/x/../a"}) {
    EXPECT_EQ(CodeOf(catalog_->CheckTable(External("main", "b", "2", taken))), ErrorCode::kInvalidArgument) << taken;
    EXPECT_EQ(CodeOf(catalog_->AddTable(External("main", "b", "2", taken))), ErrorCode::kInvalidArgument) << taken;
  }
  int id = 10;
  EXPECT_EQ(CodeOf(catalog_->CheckTable(External("main", "A", "2", "/data/b"))), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog_->CheckTable(External("absent", "b", "2", "/data/b"))), ErrorCode::kSchemaNotFound);
  for (const char* free : {"/data/ab", "/data/a-b", "/data/a0", "/data/a.b", "/data/b", "/dat"}) {
    EXPECT_OK(catalog_->CheckTable(External("main", free, "10", free)));
    EXPECT_OK(catalog_->AddTable(External("main", free, std::to_string(++id), free)));
  }
  for (const std::string& inside :
       {lake_, lake_ + "/tables/9", lake_ + "/audit", directory_.path(), std::string("/")}) {
    EXPECT_EQ(CodeOf(catalog_->AddTable(External("main", "b", "2", inside))), ErrorCode::kInvalidArgument) << inside;
  }
  auto nested = Table("main", "n", "1x");
  nested.location = lake_ + "/tables/5/inner";
  ASSERT_OK(catalog_->AddTable(Table("main", "five", "5")));
  EXPECT_EQ(CodeOf(catalog_->AddTable(nested)), ErrorCode::kInvalidArgument);
  nested.location = lake_ + "/audit/x";
  EXPECT_EQ(CodeOf(catalog_->AddTable(nested)), ErrorCode::kInvalidArgument);
}

TEST_P(RelationsTest, ALinkIsNoWayAroundTheOverlap) {
  std::filesystem::create_directories(directory_.File("real/table"));
  std::filesystem::create_directories(lake_);
  std::filesystem::create_directory_symlink(directory_.File("real"), directory_.File("link"));
  std::filesystem::create_directory_symlink(lake_, directory_.File("lakelink"));
  ASSERT_OK(catalog_->AddTable(External("main", "a", "1", directory_.File("real/table"))));
  EXPECT_EQ(CodeOf(catalog_->AddTable(External("main", "b", "2", directory_.File("link/table")))),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(catalog_->AddTable(External("main", "b", "2", directory_.File("lakelink/audit")))),
            ErrorCode::kInvalidArgument);
}

TEST_P(RelationsTest, OfManyWhoWantANameOneGetsIt) {
  const auto other = OpenAgain();
  std::atomic<int> won = 0, lost = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      Catalog& catalog = i % 2 == 0 ? *catalog_ : *other.catalog;
      const std::string id = std::to_string(i);
      // Half of them race for a name, all of them for overlapping directories.
      const auto added =
          catalog.AddTable(External("main", i < 4 ? "t" : "t" + id, id, i % 2 == 0 ? "/race/x" : "/race/x/y"));
      if (added.has_value()) {
        ++won;
      } else {
        ++lost;
        EXPECT_TRUE(added.error().code() == ErrorCode::kAlreadyExists ||
                    added.error().code() == ErrorCode::kInvalidArgument)
            << added.error().message();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 7);
  EXPECT_EQ(TableNames().size(), 1U);
}

TEST_P(RelationsTest, ViewsAreMadeReplacedAndDropped) {
  ASSERT_OK(catalog_->CreateView(View("Gold", "Daily"), false, false));
  const auto found = catalog_->FindView("gold", "DAILY").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->sql, "SELECT 1");
  EXPECT_THAT(found->column_names, testing::ElementsAre("a", "B \"quoted\""));
  EXPECT_EQ(CodeOf(catalog_->CreateView(View("gold", "daily"), false, false)), ErrorCode::kAlreadyExists);
  ASSERT_OK(catalog_->CreateView(View("gold", "daily", "SELECT 2"), false, true));
  EXPECT_EQ(catalog_->FindView("gold", "daily").value()->sql, "SELECT 1");
  auto replacement = View("gold", "daily", "SELECT 3");
  replacement.owner = PrincipalId("another");
  ASSERT_OK(catalog_->CreateView(replacement, true, false));
  EXPECT_EQ(catalog_->FindView("gold", "daily").value()->sql, "SELECT 3");
  EXPECT_EQ(catalog_->FindView("gold", "daily").value()->owner, PrincipalId("another"));
  EXPECT_EQ(CodeOf(catalog_->CreateView(View("gold", "daily"), true, true)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(catalog_->ListViews("gold").value().size(), 1U);
  EXPECT_TRUE(catalog_->ListViews("main").value().empty());
  ASSERT_OK(catalog_->DropView("gold", "daily", false));
  EXPECT_EQ(CodeOf(catalog_->DropView("gold", "daily", false)), ErrorCode::kNotFound);
  EXPECT_OK(catalog_->DropView("gold", "daily", true));
}

TEST_P(RelationsTest, ListsAreSortedByBytes) {
  for (const char* name : {"b", "a_", "aa", "ä", "a-"}) ASSERT_OK(catalog_->AddTable(Table("main", name, name)));
  ASSERT_OK(catalog_->AddTable(Table("bronze", "z", "z")));
  EXPECT_THAT(TableNames(), testing::ElementsAre("bronze.z", "main.a-", "main.a_", "main.aa", "main.b", "main.ä"));
  EXPECT_THAT(TableNames("MAIN"), testing::SizeIs(5));
  EXPECT_THAT(TableNames("absent"), testing::IsEmpty());
}

TEST_P(RelationsTest, NoExternalLocationReachesAReservedPlace) {
  ASSERT_OK(catalog_->AddExternalLocation({"drop", "/srv/drop", true, clock_.Now()}));
  for (const char* taken : {"/srv/drop", "/srv/drop/audit", "/srv", "audit"}) {
    EXPECT_EQ(CodeOf(catalog_->ReservePlace(taken)), ErrorCode::kInvalidArgument) << taken;
  }
  ASSERT_OK(catalog_->ReservePlace("/srv/audit/"));
  for (const char* place : {"/srv/audit", "/srv/audit/of/me", "/srv", "/srv/drop/../audit"}) {
    EXPECT_EQ(CodeOf(catalog_->AddExternalLocation({"other", place, false, clock_.Now()})), ErrorCode::kInvalidArgument)
        << place;
  }
  ASSERT_OK(catalog_->AddExternalLocation({"other", "/srv/auditors", false, clock_.Now()}));
  ASSERT_OK(catalog_->ReservePlace("s3://box/audit"));
  EXPECT_EQ(CodeOf(catalog_->AddExternalLocation({"box", "s3://box/", false, clock_.Now(), "c"})),
            ErrorCode::kInvalidArgument);
}

TEST_P(RelationsTest, ExternalLocationsEndInASlashAndKeepOutOfTheLake) {
  ASSERT_OK(catalog_->AddExternalLocation({"Drop", "/srv/drop", true, clock_.Now()}));
  const auto listed = catalog_->ListExternalLocations().value();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].name, "drop");
  EXPECT_EQ(listed[0].path, "/srv/drop/");
  EXPECT_TRUE(listed[0].may_register);
  EXPECT_EQ(CodeOf(catalog_->AddExternalLocation({"DROP", "/x", false, clock_.Now()})), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(catalog_->AddExternalLocation({"y", "/srv/drop/", false, clock_.Now()})), ErrorCode::kAlreadyExists);
  for (const std::string& bad : {std::string("/"), lake_ + "/staging", directory_.path(), std::string("drop")}) {
    EXPECT_EQ(CodeOf(catalog_->AddExternalLocation({"y", bad, false, clock_.Now()})), ErrorCode::kInvalidArgument)
        << bad;
  }
  // A store is opened by a credential, a directory by none.
  EXPECT_EQ(CodeOf(catalog_->AddExternalLocation({"y", "s3://box/y", false, clock_.Now()})),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(catalog_->AddExternalLocation({"y", "/srv/y", false, clock_.Now(), "c"})),
            ErrorCode::kInvalidArgument);
  ASSERT_OK(catalog_->DropExternalLocation("dRop"));
  EXPECT_EQ(CodeOf(catalog_->DropExternalLocation("drop")), ErrorCode::kNotFound);
}

TEST_P(RelationsTest, ExternalLocationsOfAnOlderVersionAreSpeltLikeOthers) {
  ASSERT_OK(store_->Write([&](metastore::Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO external_locations (name, path, may_register, created, credential) "
                        "VALUES (?, ?, ?, ?, ?)",
                        {std::string("a"), std::string("abfs://box/in/"), int64_t{1}, int64_t{0}, std::string("c")}));
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO external_locations (name, path, may_register, created, credential) "
                        "VALUES (?, ?, ?, ?, ?)",
                        {std::string("b"), std::string("wasbs://Box@ACCT.blob.core.windows.net/A b/"), int64_t{1},
                         int64_t{0}, std::string("c")}));
    return {};
  }));
  const auto listed = catalog_->ListExternalLocations().value();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].path, "az://box/in/");
  EXPECT_EQ(listed[1].path, "abfss://box@acct.dfs.core.windows.net/A b/");
  EXPECT_EQ(CodeOf(catalog_->AddExternalLocation({"other", "az://box/in", true, clock_.Now(), "c"})),
            ErrorCode::kAlreadyExists);
}

}  // namespace
}  // namespace neurolake::catalog
