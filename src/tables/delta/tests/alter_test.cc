#include "tables/delta/alter.h"

#include <gtest/gtest.h>

#include "tables/delta/column_mapping.h"
#include "tables/delta/table_features.h"
#include "tables/delta/table_rules.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;
using Position = ColumnPosition;
using Place = ColumnPosition::Place;

DataType Leaf(Kind kind) { return {.kind = kind}; }
DataType Decimal(int precision, int scale) { return {.kind = Kind::kDecimal, .precision = precision, .scale = scale}; }

/// id, name, st(x, list of (y)), map of int to float; not mapped, protocol 1/2.
TableEditor Editor(std::map<std::string, std::string> configuration = {}, bool has_files = true,
                   Protocol protocol = {.min_reader_version = 1, .min_writer_version = 2}) {
  DataType item{.kind = Kind::kStruct};
  item.fields.push_back({.name = "y", .type = Leaf(Kind::kShort)});
  DataType inner{.kind = Kind::kStruct};
  inner.fields = {{.name = "x", .type = Leaf(Kind::kInteger)},
                  {.name = "items", .type = {.kind = Kind::kArray, .children = {item}}}};
  DataType schema{.kind = Kind::kStruct};
  schema.fields = {{.name = "id", .type = Leaf(Kind::kInteger)},
                   {.name = "name", .type = Leaf(Kind::kString)},
                   {.name = "st", .type = inner},
                   {.name = "m", .type = {.kind = Kind::kMap, .children = {Leaf(Kind::kInteger), Leaf(Kind::kFloat)}}}};
  Metadata metadata{.id = "i", .schema_string = SerializeSchema(schema), .configuration = std::move(configuration)};
  return {std::move(protocol), std::move(metadata), std::move(schema), {}, has_files};
}

std::string Names(const DataType& type) {
  std::string names;
  for (const StructField& field : type.fields) names += (names.empty() ? "" : ",") + field.name;
  return names;
}

ErrorCode CodeOf(const Result<void>& result) {
  return result.has_value() ? ErrorCode::kInternal : result.error().code();
}

TEST(AlterTest, AddsColumnsWhereTheyAreWanted) {
  auto editor = Editor();
  ASSERT_TRUE(editor.AddColumn({}, {.name = "last", .type = Leaf(Kind::kLong)}, {}).has_value());
  ASSERT_TRUE(editor.AddColumn({}, {.name = "first", .type = Leaf(Kind::kLong)}, {Place::kFirst, ""}).has_value());
  ASSERT_TRUE(editor.AddColumn({"ST"}, {.name = "z", .type = Leaf(Kind::kLong)}, {Place::kAfter, "X"}).has_value());
  ASSERT_TRUE(editor.AddColumn({"st", "items", "element"}, {.name = "q", .type = Leaf(Kind::kLong)}, {}).has_value());
  EXPECT_EQ(Names(editor.schema()), "first,id,name,st,m,last");
  EXPECT_EQ(Names(editor.schema().fields[3].type), "x,z,items");
  EXPECT_EQ(SerializeSchema(editor.schema()), editor.metadata().schema_string);
  EXPECT_EQ(editor.protocol().min_writer_version, 2);

  EXPECT_EQ(CodeOf(Editor().AddColumn({}, {.name = "ID", .type = Leaf(Kind::kLong)}, {})), ErrorCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(Editor().AddColumn({"no"}, {.name = "a"}, {})), ErrorCode::kColumnNotFound);
  EXPECT_EQ(CodeOf(Editor().AddColumn({"id"}, {.name = "a"}, {})), ErrorCode::kTypeMismatch);
  EXPECT_EQ(CodeOf(Editor().AddColumn({}, {.name = "a"}, {Place::kAfter, "no"})), ErrorCode::kColumnNotFound);
  EXPECT_EQ(CodeOf(Editor().AddColumn({}, {.name = "a", .nullable = false}, {})), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Editor({}, /*has_files=*/false).AddColumn({}, {.name = "a", .nullable = false}, {}).has_value());
}

TEST(AlterTest, AColumnOfANewTypeBringsItsFeature) {
  auto editor = Editor();
  ASSERT_TRUE(editor.AddColumn({}, {.name = "t", .type = Leaf(Kind::kTimestampNtz)}, {}).has_value());
  EXPECT_TRUE(editor.protocol().HasReaderFeature("timestampNtz"));
  EXPECT_EQ(editor.protocol().min_writer_version, 7);
  // What the old version stood for stays.
  EXPECT_TRUE(editor.protocol().HasWriterFeature("invariants"));
  auto widest = Editor({{"compatibility", "widest"}});
  EXPECT_EQ(CodeOf(widest.AddColumn({}, {.name = "t", .type = Leaf(Kind::kTimestampNtz)}, {})),
            ErrorCode::kNotSupported);
}

TEST(AlterTest, ARenameMapsColumnsAndKeepsTheFilesNames) {
  auto editor = Editor();
  ASSERT_TRUE(editor.RenameColumn({"st", "items", "element", "y"}, "why").has_value());
  ASSERT_TRUE(editor.RenameColumn({"id"}, "key one").has_value());
  EXPECT_EQ(editor.schema().fields[0].physical_name(), "id");
  EXPECT_EQ(editor.schema().fields[0].name, "key one");
  EXPECT_EQ(editor.schema().fields[2].type.fields[1].type.children[0].fields[0].physical_name(), "y");
  EXPECT_EQ(editor.metadata().configuration.at(kColumnMappingMode), "name");
  EXPECT_EQ(editor.metadata().configuration.at(kMaxColumnId), "7");
  EXPECT_EQ(editor.protocol().min_reader_version, 2);
  EXPECT_EQ(editor.protocol().min_writer_version, 5);
  // A column added afterwards has a name of its own, also where it takes an old one's place.
  ASSERT_TRUE(editor.DropColumn({"name"}).has_value());
  ASSERT_TRUE(editor.AddColumn({}, {.name = "name", .type = Leaf(Kind::kString)}, {}).has_value());
  EXPECT_TRUE(editor.schema().fields.back().physical_name().starts_with("col-"));
  EXPECT_EQ(editor.schema().fields.back().column_mapping_id(), 8);

  EXPECT_EQ(CodeOf(Editor().RenameColumn({"id"}, "NAME")), ErrorCode::kAlreadyExists);
  EXPECT_TRUE(Editor().RenameColumn({"id"}, "ID").has_value());
  EXPECT_EQ(CodeOf(Editor().RenameColumn({"m", "key"}, "k")), ErrorCode::kNotSupported);
  EXPECT_EQ(CodeOf(Editor({{"compatibility", "widest"}}).RenameColumn({"id"}, "k")), ErrorCode::kNotSupported);
}

TEST(AlterTest, ColumnsWithStatisticsAreNamedAnew) {
  auto editor = Editor({{"delta.dataSkippingStatsColumns", "id, st.x,name"}});
  ASSERT_TRUE(editor.RenameColumn({"ID"}, "key").has_value());
  ASSERT_TRUE(editor.RenameColumn({"st"}, "inner").has_value());
  ASSERT_TRUE(editor.DropColumn({"name"}).has_value());
  EXPECT_EQ(editor.metadata().configuration.at("delta.dataSkippingStatsColumns"), "key,inner.x");
}

// Another writer may have put anything there: only what a statement sets is looked at.
TEST(AlterTest, OddPropertiesOfATableAreLeftAlone) {
  auto editor = Editor({{"delta.checkpointInterval", "0"},
                        {"delta.dataSkippingStatsColumns", "gone"},
                        {"delta.isolationLevel", "Foo"},
                        {"neurolake.nope", "1"}});
  EXPECT_EQ(CodeOf(editor.SetProperties({{"delta.checkpointInterval", "0"}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(editor.SetProperties({{"delta.dataSkippingStatsColumns", "id,gone"}})), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(editor.SetProperties({{"owner", "me"}, {"delta.dataSkippingStatsColumns", "id, st.x"}}).has_value());
  EXPECT_EQ(editor.metadata().configuration.at("delta.isolationLevel"), "Foo");
  EXPECT_TRUE(editor.UnsetProperties({"delta.checkpointInterval", "neurolake.nope"}, /*if_exists=*/false).has_value());
  EXPECT_FALSE(editor.metadata().configuration.contains("neurolake.nope"));
}

TEST(AlterTest, APartitionColumnIsRenamedButNotDropped) {
  auto base = Editor();
  Metadata metadata = base.metadata();
  metadata.partition_columns = {"id"};
  TableEditor editor(base.protocol(), metadata, base.schema(), {}, true);
  EXPECT_EQ(CodeOf(editor.DropColumn({"ID"})), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(editor.RenameColumn({"ID"}, "part").has_value());
  EXPECT_EQ(editor.metadata().partition_columns, std::vector<std::string>{"part"});
}

TEST(AlterTest, DropsColumnsButNotTheLast) {
  auto editor = Editor();
  ASSERT_TRUE(editor.DropColumn({"st", "x"}).has_value());
  EXPECT_EQ(CodeOf(editor.DropColumn({"st", "items"})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Editor().DropColumn({"st", "no"})), ErrorCode::kColumnNotFound);
}

TEST(AlterTest, WhatAConstraintReadsStaysAsItIs) {
  const std::map<std::string, std::string> constraint = {{"delta.constraints.positive", "ID > 0"}};
  EXPECT_EQ(CodeOf(Editor(constraint).RenameColumn({"id"}, "k")), ErrorCode::kDependentObjects);
  EXPECT_EQ(CodeOf(Editor(constraint).DropColumn({"id"})), ErrorCode::kDependentObjects);
  EXPECT_TRUE(Editor(constraint).DropColumn({"name"}).has_value());
  // Of what is not understood nobody knows what it reads.
  EXPECT_EQ(CodeOf(Editor({{"delta.constraints.odd", "name RLIKE 'x'"}}).DropColumn({"id"})),
            ErrorCode::kDependentObjects);
}

TEST(AlterTest, MovesColumns) {
  auto editor = Editor();
  ASSERT_TRUE(editor.MoveColumn({"m"}, {Place::kFirst, ""}).has_value());
  ASSERT_TRUE(editor.MoveColumn({"id"}, {Place::kAfter, "NAME"}).has_value());
  ASSERT_TRUE(editor.MoveColumn({"st", "items"}, {Place::kFirst, ""}).has_value());
  EXPECT_EQ(Names(editor.schema()), "m,name,id,st");
  EXPECT_EQ(Names(editor.schema().fields[3].type), "items,x");
  EXPECT_EQ(CodeOf(editor.MoveColumn({"id"}, {Place::kAfter, "id"})), ErrorCode::kInvalidArgument);
}

TEST(AlterTest, WideningIsNotedAndOnlyWhatTheProtocolHas) {
  const std::map<std::string, std::string> enabled = {{"delta.enableTypeWidening", "true"}};
  auto editor = Editor(enabled);
  ASSERT_TRUE(editor.ChangeType({"id"}, Leaf(Kind::kLong)).has_value());
  ASSERT_TRUE(editor.ChangeType({"id"}, Decimal(20, 0)).has_value());
  ASSERT_TRUE(editor.ChangeType({"m", "value"}, Leaf(Kind::kDouble)).has_value());
  ASSERT_TRUE(editor.ChangeType({"st", "items", "element", "y"}, Leaf(Kind::kInteger)).has_value());
  EXPECT_EQ(editor.schema().fields[0].metadata.at("delta.typeChanges"),
            R"x([{"fromType":"integer","toType":"long"},{"fromType":"long","toType":"decimal(20,0)"}])x");
  EXPECT_EQ(editor.schema().fields[3].metadata.at("delta.typeChanges"),
            R"([{"fromType":"float","toType":"double","fieldPath":"value"}])");
  EXPECT_TRUE(editor.protocol().HasReaderFeature("typeWidening"));
  EXPECT_EQ(CodeOf(Editor(enabled).ChangeType({"id"}, Leaf(Kind::kShort))), ErrorCode::kTypeMismatch);
  EXPECT_EQ(CodeOf(Editor(enabled).ChangeType({"id"}, Decimal(11, 2))), ErrorCode::kTypeMismatch);
  EXPECT_TRUE(Editor(enabled).ChangeType({"id"}, Decimal(12, 2)).has_value());
  EXPECT_EQ(CodeOf(Editor(enabled).ChangeType({"name"}, Leaf(Kind::kLong))), ErrorCode::kTypeMismatch);
  EXPECT_EQ(CodeOf(Editor().ChangeType({"id"}, Leaf(Kind::kLong))), ErrorCode::kInvalidArgument);
  // No file, no reader that must know.
  auto empty = Editor({}, /*has_files=*/false);
  ASSERT_TRUE(empty.ChangeType({"id"}, Leaf(Kind::kLong)).has_value());
  EXPECT_EQ(empty.protocol().min_writer_version, 2);
  EXPECT_FALSE(empty.schema().fields[0].metadata.contains("delta.typeChanges"));
}

TEST(AlterTest, ConstraintsTakeTheOldestProtocolThatHasThem) {
  auto editor = Editor();
  ASSERT_TRUE(editor.AddConstraint("Positive", "id > 0").has_value());
  EXPECT_EQ(editor.protocol().min_writer_version, 3);
  EXPECT_EQ(CodeOf(editor.AddConstraint("positive", "id > 1")), ErrorCode::kAlreadyExists);
  EXPECT_EQ(ReadTableRules(editor.metadata(), editor.schema())->checks[0].name, "Positive");
  ASSERT_TRUE(editor.DropConstraint("POSITIVE").has_value());
  EXPECT_EQ(CodeOf(editor.DropConstraint("positive")), ErrorCode::kNotFound);
  auto named = Editor({}, true,
                      {.min_reader_version = 3,
                       .min_writer_version = 7,
                       .reader_features = {"deletionVectors"},
                       .writer_features = {"deletionVectors"}});
  ASSERT_TRUE(named.AddConstraint("c", "id > 0").has_value());
  EXPECT_EQ(named.protocol().writer_features, (std::vector<std::string>{"deletionVectors", "checkConstraints"}));
}

TEST(AlterTest, DefaultsIdentitiesAndGeneratedColumnsAreRulesOfTheTable) {
  auto editor = Editor({}, false);
  ASSERT_TRUE(editor.SetDefault("name", "'none'").has_value());
  ASSERT_TRUE(editor.AddColumn({}, {.name = "no", .type = Leaf(Kind::kLong)}, {}).has_value());
  ASSERT_TRUE(editor.MakeIdentity("no", 10, 5, true).has_value());
  ASSERT_TRUE(editor.AddColumn({}, {.name = "twice", .type = Leaf(Kind::kInteger)}, {}).has_value());
  ASSERT_TRUE(editor.MakeGenerated("twice", "id * 2").has_value());
  const auto rules = ReadTableRules(editor.metadata(), editor.schema()).value();
  EXPECT_EQ(rules.defaults.at(0).value.ToSpark(), "'none'");
  EXPECT_EQ(rules.identities.at(0).start, 10);
  EXPECT_EQ(rules.identities.at(0).step, 5);
  EXPECT_TRUE(rules.identities.at(0).allow_explicit);
  EXPECT_FALSE(rules.identities.at(0).high_water_mark.has_value());
  EXPECT_EQ(rules.generated.at(0).value.ToSpark(), "id * 2");
  for (const char* feature : {"allowColumnDefaults", "identityColumns", "generatedColumns"}) {
    EXPECT_TRUE(editor.protocol().HasWriterFeature(feature)) << feature;
  }
  EXPECT_EQ(editor.protocol().min_reader_version, 1);
  EXPECT_EQ(CodeOf(editor.DropColumn({"id"})), ErrorCode::kDependentObjects);
  EXPECT_EQ(CodeOf(editor.MakeIdentity("name", 1, 1, false)), ErrorCode::kTypeMismatch);
  EXPECT_EQ(CodeOf(editor.MakeIdentity("no", 1, 0, false)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(editor.SetDefault("twice", "1")), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(editor.SetDefault("name", std::nullopt).has_value());
  EXPECT_TRUE(ReadTableRules(editor.metadata(), editor.schema())->defaults.empty());
}

TEST(AlterTest, RulesThatAreNotUnderstoodKeepRowsFromBeingWritten) {
  const auto rules = [](const std::string& text) {
    auto editor = Editor({{"delta.constraints.odd", text}});
    return ReadTableRules(editor.metadata(), editor.schema());
  };
  const auto refused = rules("name RLIKE 'x'");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kNotSupported);
  EXPECT_TRUE(refused.error().message().contains("odd")) << refused.error().message();
  EXPECT_FALSE(rules("id < unix_timestamp()").has_value());
  EXPECT_FALSE(rules("d < current_date()").has_value());
  EXPECT_TRUE(rules("id < 3").has_value());
}

TEST(AlterTest, InvariantsAreReadFromTheColumn) {
  auto base = Editor();
  DataType schema = base.schema();
  schema.fields[0].metadata["delta.invariants"] = R"("{\"expression\":{\"expression\":\"id > 3\"}}")";
  const auto rules = ReadTableRules(base.metadata(), schema).value();
  EXPECT_EQ(rules.checks.at(0).name, "invariant of id");
  EXPECT_EQ(rules.checks.at(0).condition.ToSpark(), "id > 3");
  schema.fields[0].metadata["delta.invariants"] = R"("not json")";
  EXPECT_EQ(ReadTableRules(base.metadata(), schema).error().code(), ErrorCode::kCorruption);
}

TEST(AlterTest, PropertiesAreCheckedAndBringTheirFeatures) {
  auto editor = Editor();
  ASSERT_TRUE(editor.SetProperties({{"DELTA.APPENDONLY", "TRUE"}, {"owner", "me"}}).has_value());
  EXPECT_EQ(editor.metadata().configuration.at("delta.appendOnly"), "true");
  EXPECT_EQ(editor.protocol().min_writer_version, 2);
  ASSERT_TRUE(editor.SetProperties({{"delta.enableTypeWidening", "true"}}).has_value());
  EXPECT_TRUE(editor.protocol().HasReaderFeature("typeWidening"));
  ASSERT_TRUE(editor.SetProperties({{"delta.feature.vacuumprotocolcheck", "supported"}}).has_value());
  EXPECT_TRUE(editor.protocol().HasReaderFeature("vacuumProtocolCheck"));
  EXPECT_FALSE(editor.metadata().configuration.contains("delta.feature.vacuumprotocolcheck"));
  ASSERT_TRUE(editor.SetProperties({{"delta.columnMapping.mode", "name"}}).has_value());
  EXPECT_EQ(editor.schema().fields[0].physical_name(), "id");
  EXPECT_EQ(CodeOf(editor.SetProperties({{"delta.columnMapping.mode", "none"}})), ErrorCode::kNotSupported);
  EXPECT_EQ(CodeOf(editor.SetProperties({{"delta.nonsense", "1"}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(editor.SetProperties({{"delta.appendOnly", "maybe"}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(editor.SetProperties({{"delta.constraints.x", "id > 0"}})), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(editor.UnsetProperties({"owner", "delta.appendonly"}, false).has_value());
  EXPECT_EQ(CodeOf(editor.UnsetProperties({"owner"}, false)), ErrorCode::kNotFound);
  EXPECT_TRUE(editor.UnsetProperties({"owner"}, true).has_value());
  EXPECT_EQ(CodeOf(editor.UnsetProperties({"delta.columnMapping.mode"}, false)), ErrorCode::kNotSupported);
  EXPECT_EQ(CodeOf(editor.SetProperties({{"compatibility", "widest"}})), ErrorCode::kInvalidArgument);
}

TEST(AlterTest, TheChangeFeedsColumnsAreItsOwnWhileItIsOn) {
  const std::map<std::string, std::string> on = {{"delta.enableChangeDataFeed", "true"}};
  for (const char* name : {"_change_type", "_Commit_Version", "_commit_timestamp"}) {
    const StructField field{.name = name, .type = Leaf(Kind::kString)};
    TableEditor with = Editor(on);
    EXPECT_EQ(with.AddColumn({}, field, {}).error().code(), ErrorCode::kInvalidArgument) << name;
    EXPECT_EQ(with.RenameColumn({"name"}, name).error().code(), ErrorCode::kInvalidArgument) << name;
    EXPECT_TRUE(with.AddColumn({"st"}, field, {}).has_value()) << name;  // Inside of a struct it is no column.
    TableEditor without = Editor();
    EXPECT_TRUE(without.AddColumn({}, field, {}).has_value()) << name;
    EXPECT_EQ(without.SetProperties(on).error().code(), ErrorCode::kInvalidArgument) << name;
    EXPECT_TRUE(without.DropColumn({name}).has_value());
    EXPECT_TRUE(without.SetProperties(on).has_value()) << name;
  }
}

TEST(AlterTest, ClusteringIsAMetadataDomainOfPhysicalNames) {
  auto editor = Editor();
  ASSERT_TRUE(editor.RenameColumn({"name"}, "title").has_value());
  ASSERT_TRUE(editor.SetClustering({{"title"}, {"ST", "X"}}).has_value());
  const auto& domain = editor.changed_domains().at(0);
  EXPECT_EQ(domain.domain, "delta.clustering");
  EXPECT_EQ(domain.configuration, R"({"clusteringColumns":[["name"],["st","x"]],"domainName":"delta.clustering"})");
  EXPECT_TRUE(editor.protocol().HasWriterFeature("clustering"));
  EXPECT_TRUE(editor.protocol().HasWriterFeature("domainMetadata"));
  EXPECT_EQ(ReadClusteringColumns({{domain.domain, domain}}).value(), (std::vector<ColumnPath>{{"name"}, {"st", "x"}}));
  EXPECT_EQ(CodeOf(editor.DropColumn({"title"})), ErrorCode::kDependentObjects);
  EXPECT_EQ(CodeOf(editor.DropColumn({"st"})), ErrorCode::kDependentObjects);
  EXPECT_EQ(CodeOf(editor.SetClustering({{"m"}})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(editor.SetClustering({{"id"}, {"ID"}})), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(editor.SetClustering({}).has_value());
  EXPECT_EQ(editor.changed_domains().size(), 1u);
  EXPECT_EQ(editor.changed_domains()[0].configuration, R"({"clusteringColumns":[],"domainName":"delta.clustering"})");
}

TEST(AlterTest, RowsBringNewColumnsAndWiderTypesAlong) {
  DataType rows = Editor().schema();
  rows.fields.push_back({.name = "new", .type = Leaf(Kind::kDate), .nullable = false});
  rows.fields[0].type = Leaf(Kind::kLong);
  rows.fields[2].type.fields[1].type.children[0].fields.push_back({.name = "deep", .type = Leaf(Kind::kString)});
  auto plain = Editor();
  EXPECT_TRUE(plain.MergeSchema(rows).value());
  EXPECT_EQ(Names(plain.schema()), "id,name,st,m,new");
  EXPECT_TRUE(plain.schema().fields.back().nullable);
  EXPECT_EQ(Names(plain.schema().fields[2].type.fields[1].type.children[0]), "y,deep");
  EXPECT_EQ(plain.schema().fields[0].type.kind, Kind::kInteger);
  EXPECT_FALSE(plain.MergeSchema(rows).value());

  auto widening = Editor({{"delta.enableTypeWidening", "true"}});
  EXPECT_TRUE(widening.MergeSchema(rows).value());
  EXPECT_EQ(widening.schema().fields[0].type.kind, Kind::kLong);
  rows.fields[1].type = {.kind = Kind::kArray, .children = {Leaf(Kind::kString)}};
  EXPECT_EQ(widening.MergeSchema(rows).error().code(), ErrorCode::kTypeMismatch);
}

}  // namespace
}  // namespace neurolake::tables::delta
