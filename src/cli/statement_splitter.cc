#include "cli/statement_splitter.h"

#include <algorithm>

#include "common/text.h"

namespace neurolake::cli {
namespace {

bool IsWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
         byte >= 0x80;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  SplitScript Run() {
    while (at_ < text_.size()) Step();
    script_.rest = std::string(text_.substr(begin_));
    script_.rest_line = LineOf(begin_);
    script_.rest_is_blank = !saw_code_;
    return std::move(script_);
  }

 private:
  char Peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void Step() {
    const char c = text_[at_];
    if (c == '-' && Peek(1) == '-') {
      const size_t end = text_.find('\n', at_);
      at_ = end == std::string_view::npos ? text_.size() : end + 1;
    } else if (c == '/' && Peek(1) == '*') {
      SkipComment();
    } else if (c == ';') {
      Finish();
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') {
      ++at_;
    } else {
      if (!saw_code_) begin_ = at_;
      saw_code_ = true;
      SkipCode(c);
    }
  }

  void SkipCode(char c) {
    const bool after_word = at_ > begin_ && IsWordByte(text_[at_ - 1]);
    if (c == '\'') {
      // E'…' is the one literal in which a backslash hides a quote; the E must not be the end of a word.
      const bool escapes = at_ > begin_ && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E') &&
                           (at_ - 1 == begin_ || !IsWordByte(text_[at_ - 2]));
      SkipQuoted('\'', escapes);
    } else if (c == '"') {
      SkipQuoted('"', false);
    } else if (c == '$' && !after_word) {
      SkipDollarQuoted();
    } else {
      ++at_;
    }
  }

  void SkipQuoted(char quote, bool escapes) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (escapes && text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == quote) {
        ++at_;
        return;  // A doubled quote begins the next literal at once: the same to us.
      }
    }
    at_ = text_.size();
    script_.open = quote;
  }

  void SkipDollarQuoted() {
    size_t tag_end = at_ + 1;
    while (tag_end < text_.size() && IsWordByte(text_[tag_end])) ++tag_end;
    const bool is_parameter = tag_end > at_ + 1 && text_[at_ + 1] >= '0' && text_[at_ + 1] <= '9';
    if (tag_end >= text_.size() || text_[tag_end] != '$' || is_parameter) {
      ++at_;
      return;
    }
    const std::string_view tag = text_.substr(at_, tag_end + 1 - at_);
    const size_t close = text_.find(tag, tag_end + 1);
    if (close == std::string_view::npos) {
      at_ = text_.size();
      script_.open = '$';
    } else {
      at_ = close + tag.size();
    }
  }

  void SkipComment() {
    int depth = 0;
    while (at_ < text_.size()) {
      if (text_[at_] == '/' && Peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (text_[at_] == '*' && Peek(1) == '/') {
        at_ += 2;
        if (--depth == 0) return;
      } else {
        ++at_;
      }
    }
    script_.open = '*';
  }

  void Finish() {
    if (saw_code_) {
      std::string_view text = text_.substr(begin_, at_ - begin_);
      while (!text.empty() &&
             (text.back() == ' ' || text.back() == '\n' || text.back() == '\t' || text.back() == '\r')) {
        text.remove_suffix(1);
      }
      script_.statements.push_back({std::string(text), LineOf(begin_)});
    }
    begin_ = ++at_;
    saw_code_ = false;
  }

  size_t LineOf(size_t offset) {
    line_ += static_cast<size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted_),
                                            text_.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
    counted_ = offset;
    return line_;
  }

  std::string_view text_;
  SplitScript script_;
  size_t at_ = 0;
  size_t begin_ = 0;
  bool saw_code_ = false;
  size_t counted_ = 0;
  size_t line_ = 1;
};

}  // namespace

SplitScript SplitStatements(std::string_view script) { return Scanner(script).Run(); }

std::string EndStatement(std::string_view statement) {
  return std::string(statement) + (statement.find("--") == std::string_view::npos ? ";\n" : "\n;\n");
}

JoinedStatements JoinTransactions(const std::vector<SplitScript::Statement>& statements) {
  JoinedStatements joined;
  for (const auto& statement : statements) {
    const auto end = std::ranges::find_if_not(statement.text, IsWordByte);
    const std::string word = LowerAscii(std::string(statement.text.begin(), end));
    if (joined.open) {
      joined.open->text = EndStatement(joined.open->text) + statement.text;
    } else if (word == "begin" || word == "start") {
      joined.open = statement;
      continue;
    } else {
      joined.complete.push_back(statement);
      continue;
    }
    if (word != "commit" && word != "end" && word != "rollback" && word != "abort") continue;
    joined.complete.push_back(std::move(*joined.open));
    joined.open.reset();
  }
  return joined;
}

}  // namespace neurolake::cli
