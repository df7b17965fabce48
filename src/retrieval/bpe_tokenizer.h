#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace neurolake::retrieval {

/// What a tokenizer is made of: numbered pieces of text and the pairs of pieces that merge, best first.
struct BpeVocabulary {
  struct Merge {
    uint32_t left = 0;
    uint32_t right = 0;
    uint32_t merged = 0;
  };
  std::vector<std::string> pieces;
  /// Per piece: its own text is cut into itself alone, so that it may be looked up instead of merged.
  std::vector<bool> whole;
  std::vector<Merge> merges;
};

/// Byte-pair encoding as the reference does it for this vocabulary (Hugging Face's `tokenizers`, model BPE with byte
/// fallback): a space becomes U+2581, one is put in front, characters that are no piece become the pieces of their
/// bytes, and the best pair merges until none is left. The three control pieces are found in the text first, as the
/// reference does. Linear in the text but for words of many pieces, which cost n log n. Thread-safe, immutable.
class BpeTokenizer {
 public:
  /// Takes pieces 0, 1 and 2 as the control pieces. Every number in `vocabulary` must be one of a piece.
  explicit BpeTokenizer(BpeVocabulary vocabulary);

  /// Appends the numbers of `text`'s pieces to `ids`, without a mark for its beginning. Bytes that are no UTF-8 become
  /// the pieces of bytes.
  void Encode(std::string_view text, std::vector<uint32_t>& ids) const;

  size_t piece_count() const { return vocabulary_.pieces.size(); }

 private:
  void EncodePlain(std::string_view text, std::vector<uint32_t>& ids) const;
  void EncodeWord(std::string_view word, std::vector<uint32_t>& ids) const;
  size_t NextControl(std::string_view text, uint32_t& id) const;

  BpeVocabulary vocabulary_;
  std::unordered_map<std::string_view, uint32_t> numbers_;
  struct MergeTarget {
    uint32_t rank = 0;
    uint32_t merged = 0;
  };
  std::unordered_map<uint64_t, MergeTarget> merges_;
  std::array<uint32_t, 256> bytes_{};
};

}  // namespace neurolake::retrieval
