#include "documents/tests/pdf_maker.h"

#include <fmt/format.h>
#include <zlib.h>

namespace neurolake::documents {
namespace {

/// Objects 1 to n with a table of where they are.
std::string Assemble(const std::vector<std::string>& objects, const std::string& trailer) {
  std::string pdf = "%PDF-1.7\n";
  std::vector<size_t> offsets;
  for (size_t at = 0; at < objects.size(); ++at) {
    offsets.push_back(pdf.size());
    pdf += fmt::format("{} 0 obj\n{}\nendobj\n", at + 1, objects[at]);
  }
  const size_t table = pdf.size();
  pdf += fmt::format("xref\n0 {}\n0000000000 65535 f \n", objects.size() + 1);
  for (const size_t offset : offsets) pdf += fmt::format("{:010} 00000 n \n", offset);
  return pdf + fmt::format("trailer\n<< /Size {} /Root 1 0 R {} >>\nstartxref\n{}\n%%EOF\n", objects.size() + 1,
                           trailer, table);
}

std::string Stream(const std::string& dictionary, const std::string& bytes) {
  return fmt::format("<< /Length {} {} >>\nstream\n{}\nendstream", bytes.size(), dictionary, bytes);
}

std::string ContentOf(const std::string& text) {
  std::string content = "BT /F1 12 Tf 72 760 Td 14 TL\n";
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    content += fmt::format("({}) Tj T*\n", text.substr(begin, end - begin));
    begin = end + 1;
  }
  return content + "ET";
}

std::string WithPages(const std::vector<std::string>& contents, const std::string& title) {
  // 1 catalogue, 2 pages, 3 font, 4 information, then per page the page and its content.
  std::string kids;
  for (size_t at = 0; at < contents.size(); ++at) kids += fmt::format("{} 0 R ", 5 + 2 * at);
  std::vector<std::string> objects = {"<< /Type /Catalog /Pages 2 0 R >>",
                                      fmt::format("<< /Type /Pages /Kids [{}] /Count {} >>", kids, contents.size()),
                                      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
                                      fmt::format("<< /Title ({}) >>", title)};
  for (size_t at = 0; at < contents.size(); ++at) {
    objects.push_back(
        fmt::format("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R /Resources << /Font "
                    "<< /F1 3 0 R >> >> >>",
                    6 + 2 * at));
    objects.push_back(contents[at]);
  }
  return Assemble(objects, title.empty() ? "" : "/Info 4 0 R");
}

}  // namespace

std::string MakePdf(const std::vector<std::string>& pages, const std::string& title) {
  std::vector<std::string> contents;
  for (const std::string& page : pages) contents.push_back(Stream("", ContentOf(page)));
  return WithPages(contents, title);
}

std::string MakePdfBomb(size_t bytes) {
  std::string text = "BT /F1 12 Tf\n";
  while (text.size() < bytes) text += "(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj\n";
  text += "ET";
  uLongf size = compressBound(text.size());
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size(),
            9);
  packed.resize(size);
  return WithPages({Stream("/Filter /FlateDecode", packed)}, "");
}

}  // namespace neurolake::documents
