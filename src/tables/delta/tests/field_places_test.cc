#include "tables/delta/field_places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

StructField Field(const std::string& name, DataType type, const std::string& physical) {
  StructField field{.name = name, .type = std::move(type)};
  field.metadata["delta.columnMapping.physicalName"] = "\"" + physical + "\"";
  return field;
}

DataType Struct(std::vector<StructField> fields) {
  DataType type{.kind = Kind::kStruct};
  type.fields = std::move(fields);
  return type;
}

DataType Of(Kind kind, std::vector<DataType> children) {
  DataType type{.kind = kind};
  type.children = std::move(children);
  return type;
}

/// home STRUCT(street, town STRUCT(code)), lines STRUCT(sku)[], extra MAP(text, STRUCT(n))
DataType Schema() {
  return Struct(
      {Field("home", Struct({Field("street", {}, "p1"), Field("town", Struct({Field("code", {}, "p3")}), "p2")}), "p0"),
       Field("lines", Of(Kind::kArray, {Struct({Field("sku", {}, "p5")})}), "p4"),
       Field("extra", Of(Kind::kMap, {{}, Struct({Field("n", {}, "p7")})}), "p6")});
}

TEST(FieldPlacesTest, AreFoundByNamesWithoutCaseAndByWhatFilesCallThem) {
  const DataType schema = Schema();
  const auto code = FindPlace(schema, {"HOME", "town", "Code"});
  ASSERT_TRUE(code);
  EXPECT_EQ(code->names,
            "home\x01town\x01"
            "code");
  EXPECT_EQ(code->physical, "p0\x01p2\x01p3");
  EXPECT_FALSE(code->repeated);
  const auto again = PlaceOf(schema, code->physical);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->names, code->names);
  EXPECT_EQ(again->type->kind, Kind::kString);
  EXPECT_EQ(FindPlace(schema, {"home"})->physical, "p0");
}

TEST(FieldPlacesTest, InsideOfListsAndMapsARowHasMany) {
  const DataType schema = Schema();
  EXPECT_FALSE(FindPlace(schema, {"lines"})->repeated);
  EXPECT_TRUE(FindPlace(schema, {"lines", "element"})->repeated);
  EXPECT_EQ(FindPlace(schema, {"lines", "element", "sku"})->physical,
            "p4\x01"
            "element\x01p5");
  EXPECT_TRUE(FindPlace(schema, {"extra", "key"})->repeated);
  EXPECT_TRUE(FindPlace(schema, {"extra", "value", "n"})->repeated);
}

TEST(FieldPlacesTest, AreNotFoundByTheOtherNameNorByHalfOfAWay) {
  const DataType schema = Schema();
  EXPECT_FALSE(FindPlace(schema, {"p0"}));
  EXPECT_FALSE(PlaceOf(schema, "home"));
  EXPECT_FALSE(FindPlace(schema, {"lines", "sku"}));
  EXPECT_FALSE(FindPlace(schema, {"home", "street", "more"}));
  EXPECT_FALSE(PlaceOf(schema, ""));
}

TEST(FieldPlacesTest, NestedOnesAreListedBehindWhatIsAroundThem) {
  std::vector<std::string> names;
  for (const FieldPlace& place : NestedPlaces(Schema())) {
    std::string shown = place.names;
    std::ranges::replace(shown, '\x01', '.');
    names.push_back(shown);
  }
  EXPECT_THAT(names, testing::ElementsAre("home.street", "home.town", "home.town.code", "lines.element",
                                          "lines.element.sku", "extra.key", "extra.value", "extra.value.n"));
}

}  // namespace
}  // namespace neurolake::tables::delta
