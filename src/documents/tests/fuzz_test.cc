// Malformed input, made by changing valid files: no crash, no hang, and what comes out holds together. PDF goes through
// the sandbox, where a crash of its library is an error of its file.
#include <gtest/gtest.h>

#include <random>

#include "documents/chunker.h"
#include "documents/extractors.h"
#include "documents/internal/document_json.h"
#include "documents/tests/document_fixture.h"
#include "documents/tests/pdf_maker.h"

namespace neurolake::documents {
namespace {

constexpr uint32_t kSeed = 20;

std::string Mutate(std::string bytes, std::mt19937& random, const std::vector<std::string>& pieces) {
  for (uint32_t changes = 1 + random() % 8; changes > 0; --changes) {
    const size_t at = bytes.empty() ? 0 : random() % bytes.size();
    switch (random() % 6) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<char>(random());
        break;
      case 1: bytes.insert(at, pieces[random() % pieces.size()]); break;
      case 2: bytes.erase(at, random() % 20); break;
      case 3: bytes.insert(at, bytes.substr(random() % (bytes.size() + 1), random() % 200)); break;
      case 4: bytes.insert(at, random() % 50, static_cast<char>(random())); break;
      default: bytes.resize(at);
    }
  }
  return bytes;
}

/// What comes out holds together, also on its way to another process, and can be cut.
void Check(const Result<ExtractedDocument>& document) {
  if (!document.has_value()) return;
  ASSERT_TRUE(CheckDocument(*document, {}).has_value());
  const auto again = FromJson(ToJson(document), {});
  ASSERT_TRUE(again.has_value());
  ASSERT_EQ(again->text, document->text);
  for (const Chunk& chunk : CutIntoChunks(*document, {})) ASSERT_LE(chunk.end, document->text.size());
}

TEST(FuzzTest, Markdown) {
  std::mt19937 random(kSeed);
  const std::string valid =
      "# T\n\ntext *a* **b** `c` [l](u) ![i](u)\n\n- a\n  - b\n\n> q\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n"
      "```x\ncode\n```\n\n<div>h</div>\n\n[r]: u 't'\n\n1. x\n\nS\n===\n&amp;\n";
  const std::vector<std::string> pieces = {"[", "](",  "*",  "_",    "`",  "\n> ", "\n- ",        "|",
                                           "<", "&#x", "\\", "\n\t", "~~", "\xF0", "\xED\xA0\x80"};
  for (int round = 0; round < 3000; ++round) {
    Check(ExtractMarkdown(Mutate(valid, random, pieces), {}));
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST(FuzzTest, Html) {
  std::mt19937 random(kSeed);
  const std::string valid =
      "<!DOCTYPE html><html><head><meta charset=utf-8><title>t</title></head><body><h1 id=x>H</h1><p>a"
      "<b>b</b>&amp;&#8364;<!-- c --><table><tr><td>1<td>2</table><ul><li>x</ul><pre> p </pre>"
      "<script>s</script><div hidden>n</div></body></html>";
  const std::vector<std::string> pieces = {"<",        ">",        "</",     "<!--",    "-->",  "<![CDATA[",
                                           "]]>",      "&",        "&#",     "<?",      "\"",   "=",
                                           "<script>", "</body>",  "<head>", "<title>", "\xFF", "<meta charset=utf-16>",
                                           "<h6>",     "<!DOCTYPE"};
  for (int round = 0; round < 3000; ++round) {
    Check(ExtractHtml(Mutate(valid, random, pieces), {}));
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST(FuzzTest, PdfInItsSandbox) {
  std::mt19937 random(kSeed);
  const std::string valid = MakePdf({"First page\nwith lines", "Second", "Third"}, "Title");
  const std::vector<std::string> pieces = {
      "<<",    ">>",    "[", "]", "endobj",        "stream", "99999999999", "/Length",
      "-1",    "1 0 R", "(", ")", "/Kids [2 0 R]", "%",      "xref",        "/Filter /FlateDecode",
      "<FEFF", "BT",    "Tf"};
  ExtractorOptions options = TestOptions();
  options.time_max = std::chrono::seconds(10);
  const DocumentExtractor extractor(options);
  int read = 0;
  for (int round = 0; round < 120; ++round) {
    const auto document = extractor.Extract(TestContext(), DocumentFormat::kPdf, Mutate(valid, random, pieces));
    Check(document);
    read += document.has_value() ? 1 : 0;
    if (!document.has_value()) {
      ASSERT_TRUE(document.error().code() == ErrorCode::kInvalidArgument ||
                  document.error().code() == ErrorCode::kPayloadTooLarge ||
                  document.error().code() == ErrorCode::kPermissionDenied)
          << document.error().message();
    }
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
  // It is not refused because it is a stranger: PDFium repairs much.
  EXPECT_GT(read, 20);
}

TEST(FuzzTest, AnswersOfTheProgram) {
  std::mt19937 random(kSeed);
  const std::string valid = ToJson(ExtractMarkdown("# A\n\ntext\n\n## B\n\nmore \xC3\xBC text", {}));
  const std::vector<std::string> pieces = {"{",    "}",       "[",  "]", ",", "\"", "-", "99999999999999999999",
                                           "null", "\\u0000", "1e9"};
  for (int round = 0; round < 3000; ++round) {
    const auto document = FromJson(Mutate(valid, random, pieces), {});
    if (document.has_value()) {
      ASSERT_TRUE(CheckDocument(*document, {}).has_value()) << round;
    }
  }
}

}  // namespace
}  // namespace neurolake::documents
