#pragma once
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace neurolake {

/// Text that somebody else wrote: from documents, comments, data, logs or a tool's answer. It is data: nothing in it
/// gives a right or is an instruction. It does not convert to a string, so that it cannot get into a prompt, a
/// statement or a message by accident; it leaves quoted.
class UntrustedText {
 public:
  UntrustedText() = default;
  explicit UntrustedText(std::string text) : text_(std::move(text)) {}

  bool empty() const { return text_.empty(); }
  size_t size_bytes() const { return text_.size(); }
  auto operator<=>(const UntrustedText&) const = default;

  /// For a model's prompt: `<untrusted source="…">"…"</untrusted>`, the text a JSON string in which <, > and & are
  /// escaped too, so that no text can close the quotation or open another. `source` is quoted in the same way. Invalid
  /// UTF-8 becomes U+FFFD.
  std::string Quoted(std::string_view source) const;
  /// A JSON string, quotation marks included; <, >, &, U+2028 and U+2029 escaped, so that it is safe inside a page too.
  std::string QuotedJson() const;

  /// The bytes, for code that measures, indexes or stores them, and for showing to a person as text. Never for building
  /// a prompt or a statement: the name is there to be searched for.
  std::string_view AsData() const { return text_; }

 private:
  std::string text_;
};

}  // namespace neurolake
