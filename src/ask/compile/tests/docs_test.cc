#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ask/compile/compile.h"
#include "ask/intent/intent_json.h"
#include "semantic/load.h"

namespace neurolake::ask {
namespace {

std::vector<std::string> Blocks(const std::string& page, const std::string& language) {
  std::ifstream file(std::string(NL_SOURCE_DIR) + "/docs/" + page);
  std::stringstream text;
  text << file.rdbuf();
  const std::string whole = text.str(), open = "```" + language + "\n";
  std::vector<std::string> blocks;
  for (size_t at = whole.find(open); at != std::string::npos; at = whole.find(open, at)) {
    at += open.size();
    const size_t end = whole.find("```", at);
    blocks.push_back(whole.substr(at, end - at));
    at = end + 3;
  }
  return blocks;
}

/// Each model of the pages loads, and each intent compiles over the first.
TEST(DocumentationTest, ExamplesAreTrue) {
  const auto models = Blocks("semantic-layer.md", "yaml");
  ASSERT_EQ(models.size(), 1u);
  const auto model = semantic::LoadModel(models[0]);
  ASSERT_TRUE(model.has_value()) << model.error().message();
  size_t intents = 0;
  for (const char* page : {"semantic-layer.md", "formats/intent.md"}) {
    for (const std::string& block : Blocks(page, "json")) {
      const auto intent = DecodeIntent(block);
      ASSERT_TRUE(intent.has_value()) << intent.error().message() << block;
      const auto query = CompileIntent(*intent, *model);
      EXPECT_TRUE(query.has_value()) << query.error().message() << block;
      ++intents;
    }
  }
  EXPECT_EQ(intents, 4u);
  const auto formats = Blocks("formats/semantic-model.md", "yaml");
  ASSERT_EQ(formats.size(), 1u);
  const auto web = semantic::LoadModel(formats[0]);
  ASSERT_TRUE(web.has_value()) << web.error().message();
  for (const semantic::VerifiedQuestion& verified : web->verified_questions) {
    const auto intent = DecodeIntent(verified.intent);
    ASSERT_TRUE(intent.has_value()) << intent.error().message();
    EXPECT_TRUE(CompileIntent(*intent, *web).has_value());
  }
}

}  // namespace
}  // namespace neurolake::ask
