#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/untrusted_text.h"

namespace neurolake::retrieval {

enum class PassageKind : uint8_t {
  kDocument,     ///< A piece of an ingested document.
  kDescription,  ///< What a table, column or dimension is said to be.
  kMetric,       ///< A metric's definition.
  kQuestion,     ///< A question that was asked, answered and verified.
};
/// "document", "description", "metric", "question".
std::string_view NameOf(PassageKind kind);
/// Errors: kInvalidArgument for another name.
Result<PassageKind> PassageKindOf(std::string_view name);

/// A text that can be found.
struct Passage {
  std::string id;  ///< Unique in its corpus; adding one again replaces it. "handbook#12", "metric:revenue".
  PassageKind kind = PassageKind::kDocument;
  std::string subject;                ///< What it is about: a document's id, a table's, a metric's. Removed together.
  std::string title;                  ///< Of the document; in front of what is indexed, as is the path.
  std::vector<std::string> headings;  ///< Above it, outermost first.
  UntrustedText text;
  uint64_t begin = 0;  ///< Bytes in the extracted text of its document: [begin, end).
  uint64_t end = 0;
  uint32_t page = 0;  ///< Of a PDF, from 1; 0: none.
  /// Who sees all of them sees the passage. Never empty: what everybody may see says so with a label.
  std::vector<std::string> labels;
};

/// The labels somebody may see: a passage is visible when all of its labels are among them. The default sees nothing.
class Viewer {
 public:
  Viewer() = default;
  explicit Viewer(std::set<std::string> labels) : labels_(std::move(labels)) {}
  bool Sees(const std::vector<std::string>& labels) const {
    for (const std::string& label : labels) {
      if (!labels_.contains(label)) return false;
    }
    return !labels.empty();
  }

 private:
  std::set<std::string> labels_;
};

inline constexpr size_t kPassageBytesMax = 64 * 1024;
inline constexpr size_t kLabelBytesMax = 256;

/// Sorts the labels, each once. Errors: kInvalidArgument without an id or a label, for a label that is empty, too long
/// or holds a control character, and for `begin` after `end`; kPayloadTooLarge for a text above kPassageBytesMax.
Result<void> PreparePassage(Passage& passage);

}  // namespace neurolake::retrieval
