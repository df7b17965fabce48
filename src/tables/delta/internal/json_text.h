#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace neurolake::tables::delta::internal {

/// Appends `text` as a JSON string with its quotes. The bytes are taken to be UTF-8; Commit checks that once for all.
void AppendJsonString(std::string& out, std::string_view text);
std::string JsonString(std::string_view text);

/// Writes one JSON object member by member into `out`. Close() writes the brace.
class JsonObjectWriter {
 public:
  explicit JsonObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  void Text(std::string_view key, std::string_view value);
  void Number(std::string_view key, int64_t value);
  void Boolean(std::string_view key, bool value);
  /// `json` is embedded as it is.
  void Raw(std::string_view key, std::string_view json);
  /// Writes the key alone; the caller appends the value to the same string.
  void Key(std::string_view key);
  void Close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace neurolake::tables::delta::internal
