#include "cli/documents.h"

#include <boost/json.hpp>

#include <filesystem>
#include <fstream>

#include "cli/copy_into.h"
#include "common/text.h"
#include "documents/chunker.h"
#include "documents/document_extractor.h"

namespace neurolake::cli {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::string_view kColumns =
    "document STRING, title STRING, section STRING, page BIGINT, position BIGINT, body STRING, tag STRING, "
    "revision STRING";
constexpr std::chrono::seconds kReadTimeMax{60};

/// A folder of ours that goes with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(fs::temp_directory_path() / ("neurolake-documents-" + NewUuid())) {
    fs::create_directory(path_);
    fs::permissions(path_, fs::perms::owner_all);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  const fs::path path_;
};

documents::ExtractorOptions ExtractorBesideThisProgram() {
  std::error_code ignored;
  const fs::path here = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path pdf = here / ".." / "lib" / "libpdfium.so";
  return {.program = (here / "neurolake-extract").string(),
          .pdf_library = fs::exists(pdf, ignored) ? pdf.string() : "",
          .limits = {}};
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream.good() && !stream.eof()) return MakeError(ErrorCode::kNotFound, "cannot read {}", path);
  return bytes;
}

class Shelf {
 public:
  Shelf(const DocumentArguments& arguments, StatementRunner& runner, const Clock& clock)
      : arguments_(arguments), runner_(runner), clock_(clock), extractor_(ExtractorBesideThisProgram()) {}

  Result<void> Open() {
    NL_ASSIGN_OR_RETURN(table_, QuoteTableName(arguments_.into));
    return {};
  }

  Result<void> Add(const std::string& file) {
    const std::string name = arguments_.name.empty() ? fs::path(file).filename().string() : arguments_.name;
    NL_ASSIGN_OR_RETURN(const auto format, documents::FormatOfFile(file));
    NL_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file));
    const RequestContext ctx(Principal{}, NewUuid(), "cli", clock_, clock_.SteadyNow() + kReadTimeMax);
    NL_ASSIGN_OR_RETURN(const auto document, extractor_.Extract(ctx, format, bytes));
    const auto chunks = documents::CutIntoChunks(document, {});
    if (chunks.empty()) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the document has no text (scanned pages must be recognised before): {}", file);
    }
    const std::string revision = NewUuid();
    const fs::path passages = folder_.path() / (revision + ".json");
    NL_RETURN_IF_ERROR(Write(passages, name, revision, document, chunks));
    NL_RETURN_IF_ERROR(Run(fmt::format("CREATE TABLE IF NOT EXISTS {} ({})", table_, kColumns)));
    NL_ASSIGN_OR_RETURN(const std::string offered, runner_.client().Offer({}, passages.string()));
    const auto loaded = Run(fmt::format("COPY INTO {} FROM {} FILEFORMAT = JSON COPY_OPTIONS ('on_error' = 'abort')",
                                        table_, QuoteLiteral(offered)));
    if (offered.starts_with("upload://")) runner_.client().Withdraw(offered);
    NL_RETURN_IF_ERROR(loaded);
    NL_RETURN_IF_ERROR(Run(fmt::format("DELETE FROM {} WHERE document = {} AND revision <> {}", table_,
                                       QuoteLiteral(name), QuoteLiteral(revision))));
    runner_.console().out << PrintableText(name) << ": " << chunks.size()
                          << (chunks.size() == 1 ? " passage\n" : " passages\n") << std::flush;
    return {};
  }

  Result<void> Remove() {
    NL_ASSIGN_OR_RETURN(const auto rows, runner_.Collect(fmt::format("SELECT 1 FROM {} WHERE document = {} LIMIT 1",
                                                                     table_, QuoteLiteral(arguments_.name)),
                                                         1));
    if (rows.empty()) return MakeError(ErrorCode::kNotFound, "there is no document {}", arguments_.name);
    return Run(fmt::format("DELETE FROM {} WHERE document = {}", table_, QuoteLiteral(arguments_.name)));
  }

  std::string ListSql() const {
    return fmt::format(
        "SELECT document, any_value(title) AS title, any_value(tag) AS tag, count(*) AS passages FROM {} "
        "GROUP BY document ORDER BY document",
        table_);
  }

 private:
  Result<void> Run(const std::string& sql) {
    NL_RETURN_IF_ERROR(runner_.Collect(sql, 0));
    return {};
  }

  Result<void> Write(const fs::path& path, const std::string& name, const std::string& revision,
                     const documents::ExtractedDocument& document, const std::vector<documents::Chunk>& chunks) const {
    std::ofstream out(path, std::ios::binary);
    int64_t position = 0;
    for (const auto& chunk : chunks) {
      const std::string title = arguments_.title.empty() ? document.title : arguments_.title;
      out << json::serialize(json::object{{"document", name},
                                          {"title", title},
                                          {"section", fmt::format("{}", fmt::join(chunk.headings, " > "))},
                                          {"page", static_cast<int64_t>(chunk.page)},
                                          {"position", ++position},
                                          {"body", document.text.substr(chunk.begin, chunk.end - chunk.begin)},
                                          {"tag", arguments_.tag},
                                          {"revision", revision}})
          << '\n';
    }
    out.close();
    if (!out) return MakeError(ErrorCode::kIoError, "cannot write {}", path.string());
    return {};
  }

  const DocumentArguments& arguments_;
  StatementRunner& runner_;
  const Clock& clock_;
  const documents::DocumentExtractor extractor_;
  const TemporaryFolder folder_;
  std::string table_;
};

}  // namespace

int RunDocuments(const std::string& action, const DocumentArguments& documents, StatementRunner& runner,
                 const Clock& clock) {
  Shelf shelf(documents, runner, clock);
  if (const auto opened = shelf.Open(); !opened) return runner.Report(opened.error());
  if (action == "list") return runner.RunAndReport(shelf.ListSql());
  if (action == "remove") {
    const auto removed = shelf.Remove();
    return removed ? kExitOk : runner.Report(removed.error());
  }
  if (!documents.name.empty() && documents.files.size() > 1) {
    return runner.Report(Error(ErrorCode::kInvalidArgument, "--name is for one file"));
  }
  int worst = kExitOk;
  for (const std::string& file : documents.files) {
    if (const auto added = shelf.Add(file); !added) worst = std::max(worst, runner.Report(added.error()));
  }
  return worst;
}

}  // namespace neurolake::cli
