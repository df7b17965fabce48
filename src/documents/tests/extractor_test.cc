#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "documents/internal/document_json.h"
#include "documents/tests/document_fixture.h"
#include "documents/tests/pdf_maker.h"

namespace neurolake::documents {
namespace {

using testing::HasSubstr;

Result<ExtractedDocument> Extract(DocumentFormat format, std::string_view bytes,
                                  ExtractorOptions options = TestOptions()) {
  return DocumentExtractor(std::move(options)).Extract(TestContext(), format, bytes);
}

/// A program in the extractor's place: a shell script.
class FakeProgram {
 public:
  explicit FakeProgram(const std::string& script) {
    std::string pattern = (std::filesystem::temp_directory_path() / "nl-extract-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    std::ofstream(directory_ + "/program") << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(directory_ + "/program", std::filesystem::perms::owner_all);
  }
  ~FakeProgram() { std::filesystem::remove_all(directory_); }
  ExtractorOptions Options() const {
    ExtractorOptions options = TestOptions();
    options.program = directory_ + "/program";
    return options;
  }

 private:
  std::string directory_;
};

TEST(DocumentExtractorTest, ReadsMarkdownAndHtml) {
  EXPECT_EQ(Extract(DocumentFormat::kMarkdown, "# A\n\ntext").value().title, "A");
  EXPECT_EQ(Extract(DocumentFormat::kHtml, "<h1>A</h1><p>text").value().text, "text");
}

TEST(DocumentExtractorTest, ReadsPdfPageByPage) {
  const auto document =
      Extract(DocumentFormat::kPdf, MakePdf({"First page\nwith two lines", "Second page"}, "The Title"));
  ASSERT_TRUE(document.has_value()) << document.error().message();
  EXPECT_EQ(document->title, "The Title");
  ASSERT_EQ(document->sections.size(), 2U);
  EXPECT_EQ(document->sections[0].page, 1U);
  EXPECT_EQ(document->sections[1].page, 2U);
  EXPECT_EQ(document->text, "First page with two lines\n\nSecond page");
}

TEST(DocumentExtractorTest, ReadsMuch) {
  std::string text;
  for (int at = 0; at < 200'000; ++at) text += "line number " + std::to_string(at) + "\n\n";
  EXPECT_GT(Extract(DocumentFormat::kMarkdown, text).value().text.size(), 3'000'000U);
}

TEST(DocumentExtractorTest, RefusesWhatIsNoPdf) {
  for (const std::string bytes : {"", "not a PDF", "%PDF-1.7\n%%EOF"}) {
    EXPECT_EQ(Extract(DocumentFormat::kPdf, bytes).error().code(), ErrorCode::kInvalidArgument) << bytes;
  }
}

TEST(DocumentExtractorTest, APdfThatUnpacksWithoutEndCostsItselfAnError) {
  ExtractorOptions options = TestOptions();
  options.memory_bytes_max = 256 << 20;
  options.time_max = std::chrono::seconds(5);
  const auto document = Extract(DocumentFormat::kPdf, MakePdfBomb(150 << 20), options);
  ASSERT_FALSE(document.has_value());
  EXPECT_THAT(document.error().code(), testing::AnyOf(ErrorCode::kPayloadTooLarge, ErrorCode::kInvalidArgument));
}

TEST(DocumentExtractorTest, RefusesTooMuchInputAndTooMuchText) {
  ExtractorOptions options = TestOptions();
  options.limits.input_bytes_max = 1000;
  EXPECT_EQ(Extract(DocumentFormat::kHtml, std::string(1001, 'x'), options).error().code(),
            ErrorCode::kPayloadTooLarge);
  options = TestOptions();
  options.limits.text_bytes_max = 1000;
  EXPECT_EQ(Extract(DocumentFormat::kMarkdown, std::string(5000, 'x'), options).error().code(),
            ErrorCode::kPayloadTooLarge);
}

TEST(DocumentExtractorTest, WithoutALibraryThereIsNoPdf) {
  ExtractorOptions options = TestOptions();
  options.pdf_library.clear();
  EXPECT_EQ(Extract(DocumentFormat::kPdf, MakePdf({"x"}), options).error().code(), ErrorCode::kNotSupported);
  options.pdf_library = "/no/such/library.so";
  EXPECT_EQ(Extract(DocumentFormat::kPdf, MakePdf({"x"}), options).error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Extract(DocumentFormat::kMarkdown, "x", options).has_value());
}

TEST(DocumentExtractorTest, SaysWhenTheProgramIsNotThere) {
  ExtractorOptions options = TestOptions();
  options.program = "/no/such/program";
  EXPECT_EQ(Extract(DocumentFormat::kMarkdown, "x", options).error().code(), ErrorCode::kUnavailable);
}

TEST(DocumentExtractorTest, AReaderThatHangsIsEnded) {
  const FakeProgram program("exec sleep 1000");
  ExtractorOptions options = program.Options();
  options.time_max = std::chrono::seconds(1);
  EXPECT_EQ(Extract(DocumentFormat::kMarkdown, "x", options).error().code(), ErrorCode::kPayloadTooLarge);
}

TEST(DocumentExtractorTest, AReaderThatCrashesIsAnErrorOfItsDocument) {
  EXPECT_EQ(Extract(DocumentFormat::kMarkdown, "x", FakeProgram("kill -SEGV $$").Options()).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      Extract(DocumentFormat::kMarkdown, std::string(1 << 20, 'x'), FakeProgram("exit 3").Options()).error().code(),
      ErrorCode::kInvalidArgument);
}

TEST(DocumentExtractorTest, AReaderIsNotBelieved) {
  for (const char* answer :
       {"{}", "[]", "null", "garbage", R"({"title":"t","text":"abc","sections":[[1,"h",0,4,0]]})",
        R"({"title":"t","text":"abc","sections":[[1,"h",2,1,0]]})",
        R"({"title":"t","text":"abc","sections":[[1,"h",0,2,0],[1,"h",1,3,0]]})",
        R"({"title":"t","text":"abc","sections":[[9,"h",0,3,0]]})",
        R"({"title":"t","text":"abc","sections":[[1,"h",-1,3,0]]})", R"({"title":"t","text":"a\u0000c","sections":[]})",
        R"({"title":1,"text":"abc","sections":[]})", R"({"title":"t","text":"\u00fcx","sections":[[1,"h",1,3,0]]})"}) {
    EXPECT_EQ(
        Extract(DocumentFormat::kMarkdown, "x", FakeProgram(std::string("cat <<'END'\n") + answer + "\nEND").Options())
            .error()
            .code(),
        ErrorCode::kCorruption)
        << answer;
  }
}

TEST(DocumentExtractorTest, AReaderThatTalksWithoutEndIsStopped) {
  const FakeProgram program("exec cat /dev/zero");
  ExtractorOptions options = program.Options();
  options.limits.text_bytes_max = 1 << 20;
  EXPECT_EQ(Extract(DocumentFormat::kMarkdown, "x", options).error().code(), ErrorCode::kPayloadTooLarge);
}

TEST(DocumentExtractorTest, ItsErrorsComeThrough) {
  const auto result = FromJson(ToJson(MakeError(ErrorCode::kPermissionDenied, "PDF wants a password")), {});
  EXPECT_EQ(result.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(result.error().message(), "PDF wants a password");
}

TEST(DocumentExtractorTest, EndsWhenTheCallerDoes) {
  const FakeProgram program("exec sleep 1000");
  static const SystemClock clock;
  const RequestContext hurried({}, "", "", clock, clock.SteadyNow() + std::chrono::milliseconds(100));
  EXPECT_EQ(DocumentExtractor(program.Options()).Extract(hurried, DocumentFormat::kMarkdown, "x").error().code(),
            ErrorCode::kDeadlineExceeded);
}

TEST(DocumentExtractorTest, NoProcessIsLeft) {
  Extract(DocumentFormat::kMarkdown, "x", FakeProgram("kill -KILL $$").Options());
  Extract(DocumentFormat::kMarkdown, "x");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace neurolake::documents
