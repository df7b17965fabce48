#include <gmock/gmock.h>

#include "documents/extractors.h"

namespace neurolake::documents {
namespace {

ExtractedDocument Read(std::string_view text) {
  const auto document = ExtractHtml(text, {});
  EXPECT_TRUE(document.has_value());
  EXPECT_TRUE(CheckDocument(*document, {}).has_value());
  return *document;
}

TEST(HtmlTest, TitleHeadingsAndParagraphs) {
  const auto document = Read(
      "<!DOCTYPE html><html><head><title>The &amp; Handbook</title></head><body><p>intro</p>"
      "<h1>One</h1><p>a <b>bold</b> word</p><p>next</p><h2>Two</h2>text</body></html>");
  EXPECT_EQ(document.title, "The & Handbook");
  ASSERT_EQ(document.sections.size(), 3U);
  EXPECT_EQ(document.sections[1].heading, "One");
  EXPECT_EQ(document.sections[2].level, 2U);
  EXPECT_EQ(document.text, "intro\n\na bold word\n\nnext\n\ntext");
}

TEST(HtmlTest, WithoutATitleTheFirstHeadingIsIt) { EXPECT_EQ(Read("<h1>Guide</h1><p>x").title, "Guide"); }

TEST(HtmlTest, ScriptsStylesAndHiddenPartsAreLeftOut) {
  const auto document = Read(
      "<p>seen</p><script>var a = '<p>no</p>';</script><style>p{}</style><noscript>no</noscript>"
      "<template><p>no</p></template><div hidden>no<div>no</div>no</div><svg><text>no</text></svg><p>also seen</p>");
  EXPECT_EQ(document.text, "seen\n\nalso seen");
}

TEST(HtmlTest, AttributesAndCommentsAreNotText) {
  EXPECT_EQ(Read("<p title='no' onclick='no()'>yes<!-- no --><img alt='no' src='no'></p>").text, "yes");
}

TEST(HtmlTest, PiecesOfTablesAndListsAreKeptApart) {
  EXPECT_EQ(Read("<ul><li>one<li>two</ul>").text, "one\n\ntwo");
  EXPECT_THAT(Read("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>").text,
              testing::HasSubstr("a | b"));
}

TEST(HtmlTest, PreKeepsItsLines) { EXPECT_THAT(Read("<pre>SELECT 1\n  FROM t</pre>").text, "SELECT 1\n  FROM t"); }

TEST(HtmlTest, TagsThatAreNotClosedAreNoTrap) {
  EXPECT_EQ(Read("<div><p>a<div>b<h1>c").sections.back().heading, "c");
  EXPECT_EQ(Read("a < b and c > d").text.substr(0, 1), "a");
  EXPECT_EQ(Read("<p>text</p><script>never closed").text, "text");
}

TEST(HtmlTest, Utf8IsTheDefaultAndOthersAreDeclared) {
  EXPECT_EQ(Read("<p>Z\xC3\xBCrich \xE2\x82\xAC</p>").text, "Z\xC3\xBCrich \xE2\x82\xAC");
  EXPECT_EQ(Read("<html><head><meta charset=\"iso-8859-1\"></head><body><p>Z\xFCrich</p></body></html>").text,
            "Z\xC3\xBCrich");
  EXPECT_TRUE(ExtractHtml("<p>Z\xFCrich</p>", {}).has_value());
}

TEST(HtmlTest, NothingOutsideIsRead) {
  const auto document = Read(
      "<!DOCTYPE html [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><p>&x;</p>"
      "<link rel=stylesheet href='file:///etc/passwd'><p>end</p>");
  EXPECT_EQ(document.text.find("root:"), std::string::npos);
  EXPECT_THAT(document.text, testing::HasSubstr("end"));
}

TEST(HtmlTest, NestingHasNoCost) {
  std::string deep;
  for (int at = 0; at < 100'000; ++at) deep += "<div><b>";
  EXPECT_TRUE(ExtractHtml(deep + "x", {}).has_value());
}

TEST(HtmlTest, LimitsHold) {
  EXPECT_EQ(ExtractHtml("12345", {.input_bytes_max = 4}).error().code(), ErrorCode::kPayloadTooLarge);
  std::string text;
  for (int at = 0; at < 5000; ++at) text += "<p>word " + std::to_string(at) + "</p>";
  EXPECT_EQ(ExtractHtml(text, {.text_bytes_max = 1000}).error().code(), ErrorCode::kPayloadTooLarge);
  EXPECT_TRUE(ExtractHtml(text, {}).has_value());
}

}  // namespace
}  // namespace neurolake::documents
