#include "retrieval/bpe_tokenizer.h"

#include <algorithm>
#include <queue>

namespace neurolake::retrieval {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581, which stands for a space.
constexpr uint32_t kControlPieces = 3;
constexpr int32_t kNone = -1;

uint64_t PairOf(uint32_t left, uint32_t right) { return static_cast<uint64_t>(left) << 32 | right; }

size_t CharacterBytes(std::string_view text) {
  const auto first = static_cast<uint8_t>(text[0]);
  const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return std::min(length, text.size());
}

struct Symbol {
  uint32_t id = 0;
  int32_t previous = kNone;
  int32_t next = kNone;
  bool gone = false;
};

struct Candidate {
  uint32_t rank = 0;
  int32_t at = 0;
  uint32_t merged = 0;
  bool operator>(const Candidate& other) const { return rank != other.rank ? rank > other.rank : at > other.at; }
};

}  // namespace

BpeTokenizer::BpeTokenizer(BpeVocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {
  numbers_.reserve(vocabulary_.pieces.size());
  for (uint32_t id = 0; id < vocabulary_.pieces.size(); ++id) numbers_.emplace(vocabulary_.pieces[id], id);
  merges_.reserve(vocabulary_.merges.size());
  for (uint32_t rank = 0; rank < vocabulary_.merges.size(); ++rank) {
    const auto& merge = vocabulary_.merges[rank];
    merges_.emplace(PairOf(merge.left, merge.right), MergeTarget{rank, merge.merged});
  }
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = numbers_.find(fmt::format("<0x{:02X}>", byte));
    bytes_[byte] = found == numbers_.end() ? 0 : found->second;
  }
}

size_t BpeTokenizer::NextControl(std::string_view text, uint32_t& id) const {
  size_t nearest = std::string_view::npos;
  // All of them begin with the same character: one look for it is enough for nearly every text.
  if (text.find('<') == std::string_view::npos) return nearest;
  for (uint32_t control = 0; control < std::min<size_t>(kControlPieces, piece_count()); ++control) {
    const size_t at = text.find(vocabulary_.pieces[control]);
    if (at < nearest) {
      nearest = at;
      id = control;
    }
  }
  return nearest;
}

void BpeTokenizer::Encode(std::string_view text, std::vector<uint32_t>& ids) const {
  while (!text.empty()) {
    uint32_t control = 0;
    const size_t at = NextControl(text, control);
    EncodePlain(text.substr(0, at), ids);
    if (at == std::string_view::npos) return;
    ids.push_back(control);
    text.remove_prefix(at + vocabulary_.pieces[control].size());
  }
}

void BpeTokenizer::EncodePlain(std::string_view text, std::vector<uint32_t>& ids) const {
  if (text.empty()) return;
  // No piece has a space after anything but spaces, so that words can be cut one by one.
  std::string word(kSpace);
  bool only_spaces = true;
  while (!text.empty()) {
    const size_t length = CharacterBytes(text);
    const std::string_view character = text[0] == ' ' ? kSpace : text.substr(0, length);
    const bool space = character == kSpace;
    if (space && !only_spaces) {
      EncodeWord(word, ids);
      word.clear();
    }
    only_spaces = space;
    word += character;
    text.remove_prefix(length);
  }
  EncodeWord(word, ids);
}

void BpeTokenizer::EncodeWord(std::string_view word, std::vector<uint32_t>& ids) const {
  if (const auto found = numbers_.find(word); found != numbers_.end() && vocabulary_.whole[found->second]) {
    ids.push_back(found->second);
    return;
  }
  std::vector<Symbol> symbols;
  while (!word.empty()) {
    const std::string_view character = word.substr(0, CharacterBytes(word));
    if (const auto found = numbers_.find(character); found != numbers_.end()) {
      symbols.push_back({.id = found->second});
    } else {
      for (const char byte : character) symbols.push_back({.id = bytes_[static_cast<uint8_t>(byte)]});
    }
    word.remove_prefix(character.size());
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto consider = [&](int32_t left) {
    if (left == kNone || symbols[left].next == kNone) return;
    const auto found = merges_.find(PairOf(symbols[left].id, symbols[symbols[left].next].id));
    if (found != merges_.end()) candidates.push({found->second.rank, left, found->second.merged});
  };
  const auto count = static_cast<int32_t>(symbols.size());
  for (int32_t at = 0; at < count; ++at) {
    symbols[at].previous = at - 1;
    symbols[at].next = at + 1 < count ? at + 1 : kNone;
  }
  for (int32_t at = 0; at < count; ++at) consider(at);
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    Symbol& left = symbols[best.at];
    if (left.gone || left.next == kNone) continue;
    Symbol& right = symbols[left.next];
    // The pair may have changed since it was noted.
    const auto still = merges_.find(PairOf(left.id, right.id));
    if (still == merges_.end() || still->second.merged != best.merged) continue;
    left.id = best.merged;
    right.gone = true;
    left.next = right.next;
    if (right.next != kNone) symbols[right.next].previous = best.at;
    consider(left.previous);
    consider(best.at);
  }
  for (const Symbol& symbol : symbols) {
    if (!symbol.gone) ids.push_back(symbol.id);
  }
}

}  // namespace neurolake::retrieval
