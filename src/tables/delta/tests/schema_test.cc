#include "tables/delta/schema.h"

#include <gtest/gtest.h>

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

constexpr std::string_view kEveryType =
    R"({"type":"struct","fields":[)"
    R"({"name":"s","type":"string","nullable":true,"metadata":{}},)"
    R"({"name":"l","type":"long","nullable":false,"metadata":{"comment":"a \"b\"\n","x":1.5,"y":[1,{"z":null}]}},)"
    R"({"name":"i","type":"integer","nullable":true,"metadata":{}},)"
    R"({"name":"h","type":"short","nullable":true,"metadata":{}},)"
    R"({"name":"b","type":"byte","nullable":true,"metadata":{}},)"
    R"({"name":"f","type":"float","nullable":true,"metadata":{}},)"
    R"({"name":"d","type":"double","nullable":true,"metadata":{}},)"
    R"json({"name":"dec","type":"decimal(38,10)","nullable":true,"metadata":{}},)json"
    R"({"name":"o","type":"boolean","nullable":true,"metadata":{}},)"
    R"({"name":"n","type":"binary","nullable":true,"metadata":{}},)"
    R"({"name":"a","type":"date","nullable":true,"metadata":{}},)"
    R"({"name":"t","type":"timestamp","nullable":true,"metadata":{}},)"
    R"({"name":"u","type":"timestamp_ntz","nullable":true,"metadata":{}},)"
    R"({"name":"st","type":{"type":"struct","fields":[{"name":"é 中","type":"long","nullable":true,"metadata":{}}]},)"
    R"("nullable":true,"metadata":{}},)"
    R"({"name":"ar","type":{"type":"array","elementType":"string","containsNull":false},"nullable":true,"metadata":{}},)"
    R"({"name":"m","type":{"type":"map","keyType":"string","valueType":{"type":"array","elementType":"date",)"
    R"("containsNull":true},"valueContainsNull":true},"nullable":true,"metadata":{}}]})";

TEST(SchemaTest, EveryTypeComesBackAsItWas) {
  auto schema = ParseSchema(kEveryType);
  ASSERT_TRUE(schema.has_value()) << schema.error().message();
  EXPECT_EQ(SerializeSchema(*schema), kEveryType);
}

TEST(SchemaTest, NamesOfTypes) {
  auto schema = ParseSchema(kEveryType).value();
  EXPECT_EQ(TypeName(schema.fields[7].type), "decimal(38,10)");
  EXPECT_EQ(TypeName(schema.fields[15].type), "map<string, array<date>>");
  EXPECT_EQ(TypeName(schema.fields[13].type), "struct<é 中: bigint>");
  EXPECT_EQ(TypeName(schema.fields[2].type), "int");
}

TEST(SchemaTest, PhysicalNamesAndIds) {
  auto schema = ParseSchema(R"({"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":)"
                            R"({"delta.columnMapping.id":3,"delta.columnMapping.physicalName":"col-\"x"}},)"
                            R"({"name":"b","type":"long","nullable":true,"metadata":{}}]})");
  ASSERT_TRUE(schema.has_value());
  EXPECT_EQ(schema->fields[0].physical_name(), "col-\"x");
  EXPECT_EQ(schema->fields[0].column_mapping_id(), 3);
  EXPECT_EQ(schema->fields[1].physical_name(), "b");
  EXPECT_EQ(schema->fields[1].column_mapping_id(), -1);
}

TEST(SchemaTest, UnsupportedTypesAreNamed) {
  for (std::string_view type : {R"("variant")", R"({"type":"variant"})", R"("interval day to second")", R"("void")"}) {
    auto schema = ParseSchema(fmt::format(
        R"({{"type":"struct","fields":[{{"name":"a","type":{},"nullable":true,"metadata":{{}}}}]}})", type));
    ASSERT_FALSE(schema.has_value()) << type;
    EXPECT_EQ(schema.error().code(), ErrorCode::kNotSupported) << type;
  }
}

TEST(SchemaTest, DamagedSchemasAreCorruption) {
  const std::string nested = [] {
    std::string text;
    for (int i = 0; i < 500; ++i) text += R"({"type":"array","containsNull":true,"elementType":)";
    text += "\"long\"";
    for (int i = 0; i < 500; ++i) text += "}";
    return R"({"type":"struct","fields":[{"name":"a","nullable":true,"metadata":{},"type":)" + text + "}]}";
  }();
  for (const std::string& text :
       {std::string(""), std::string("{"), std::string("[]"), std::string("\"long\""), std::string("null"),
        std::string(R"({"type":"struct"})"), std::string(R"({"type":"struct","fields":[1]})"),
        std::string(R"({"type":"struct","fields":[{"name":"a"}]})"),
        std::string(R"({"type":"struct","fields":[{"type":"long"}]})"),
        std::string(R"json({"type":"struct","fields":[{"name":"a","type":"decimal(39,1)"}]})json"),
        std::string(R"json({"type":"struct","fields":[{"name":"a","type":"decimal(3,4)"}]})json"),
        std::string(R"({"type":"struct","fields":[{"name":"a","type":"decimal(3"}]})"),
        std::string(R"({"type":"struct","fields":[{"name":"a","type":"long"},{"name":"A","type":"long"}]})"),
        std::string(R"({"type":"struct","fields":[{"name":"a","type":{"type":"array"}}]})"),
        std::string(R"({"type":"struct","fields":[{"name":"a","type":{"type":"map","keyType":"long"}}]})"), nested}) {
    auto schema = ParseSchema(text);
    ASSERT_FALSE(schema.has_value()) << text.substr(0, 200);
    EXPECT_EQ(schema.error().code(), ErrorCode::kCorruption) << text.substr(0, 200);
  }
}

}  // namespace
}  // namespace neurolake::tables::delta
