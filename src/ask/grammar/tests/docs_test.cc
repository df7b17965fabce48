#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ask/grammar/tests/domains.h"

namespace neurolake::ask::testing {
namespace {

/// The text between backquotes in a line.
std::vector<std::string> Quoted(const std::string& line) {
  std::vector<std::string> found;
  std::istringstream parts(line);
  std::string part;
  for (bool inside = false; std::getline(parts, part, '`'); inside = !inside) {
    if (inside) found.push_back(part);
  }
  return found;
}

TEST(DocsTest, ExamplesAreAnsweredAndRefusalsRefused) {
  std::ifstream file(std::string(NL_SOURCE_DIR) + "/docs/ask-questions.md");
  ASSERT_TRUE(file);
  size_t answered = 0;
  size_t refused = 0;
  bool refusing = false;
  const Intent before = Retail().Ask("revenue by country last month").readings.at(0).intent;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) refusing = line.find("refused") != std::string::npos;
    const bool row = line.starts_with("| ") && !line.starts_with("| kind");
    for (const std::string& example : Quoted(line)) {
      if (refusing && example.find(' ') != std::string::npos) {
        EXPECT_EQ(Retail().Ask(example).status, Status::kAbstained) << example;
        ++refused;
      } else if (row) {
        const bool part = line.starts_with("| filters") || line.starts_with("| time");
        const bool follows = line.starts_with("| follow-ups");
        std::vector<Understanding> tries{Retail().Ask(example, follows ? &before : nullptr), Flights().Ask(example)};
        for (const char* head : {"orders ", "customers ", "revenue ", "flights "}) {
          if (part) tries.push_back((head[0] == 'f' ? Flights() : Retail()).Ask(head + example));
        }
        EXPECT_TRUE(std::any_of(tries.begin(), tries.end(), [](const Understanding& one) {
          return one.status == Status::kAnswered;
        })) << example;
        ++answered;
      }
    }
  }
  EXPECT_GE(answered, 40u);
  EXPECT_GE(refused, 3u);
}

}  // namespace
}  // namespace neurolake::ask::testing
