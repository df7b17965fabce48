#include "cli/line_reader.h"

#include <editline/readline.h>
#include <langinfo.h>
#include <sys/stat.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cstring>

#include "query/redaction.h"

namespace neurolake::cli {
namespace {

constexpr int kHistoryLines = 2000;

// libedit calls back without a place for state.
const Completer* g_completer = nullptr;

char* Generate(const char*, int state) {
  static std::vector<std::string> candidates;
  static size_t next = 0;
  if (state == 0) {
    next = 0;
    candidates.clear();
    // The whole line decides what fits, not the word alone; libedit has both in globals.
    const std::string_view line(rl_line_buffer, static_cast<size_t>(rl_point));
    size_t begin = line.size();
    while (begin > 0 && std::strchr(rl_completer_word_break_characters, line[begin - 1]) == nullptr) --begin;
    candidates = (*g_completer)(line, begin);
    // "silver." goes on; anything else is a whole word.
    const bool goes_on = candidates.size() == 1 && candidates[0].ends_with('.');
    rl_completion_append_character = goes_on ? '\0' : ' ';
  }
  return next < candidates.size() ? strdup(candidates[next++].c_str()) : nullptr;
}

char** Complete(const char* text, int, int) {
  rl_attempted_completion_over = 1;  // Never fall back to names of files.
  return g_completer == nullptr ? nullptr : rl_completion_matches(text, Generate);
}

// libedit drops what is no character in the process's locale, and a program starts in one of ASCII alone. Of the locale
// only what a character is: numbers are read and written the same everywhere. SQL is UTF-8, so is what is typed.
void TakeCharactersOfTerminal() {
  std::setlocale(LC_CTYPE, "");
  if (std::string_view(nl_langinfo(CODESET)) != "UTF-8") std::setlocale(LC_CTYPE, "C.UTF-8");
}

class TerminalLineReader final : public LineReader {
 public:
  TerminalLineReader(std::string history_file, Completer completer)
      : history_file_(std::move(history_file)), completer_(std::move(completer)) {
    g_completer = &completer_;
    TakeCharactersOfTerminal();
    rl_readline_name = const_cast<char*>("neurolake");
    rl_initialize();
    using_history();
    stifle_history(kHistoryLines);
    if (!history_file_.empty()) read_history(history_file_.c_str());
    // Dots stay inside a word: schema.table is completed as a whole.
    static char breaks[] = " \t\n\"'`@$><=;|&{(,)+-*/%";
    rl_completer_word_break_characters = breaks;
    rl_attempted_completion_function = Complete;
  }

  ~TerminalLineReader() override { g_completer = nullptr; }

  Outcome Read(const std::string& prompt, std::string& line) override {
    errno = 0;
    char* const text = ::readline(prompt.c_str());
    if (text == nullptr) return errno == EINTR ? Outcome::kInterrupted : Outcome::kEnd;
    line = text;
    std::free(text);
    return Outcome::kLine;
  }

  void AddToHistory(const std::string& statement) override {
    if (statement.empty() || statement == last_) return;
    last_ = statement;
    // A file of what was typed is no place for keys.
    if (query::RedactSecrets(statement) != statement) return;
    add_history(statement.c_str());
    if (history_file_.empty()) return;
    // Written after each statement: a shell that is killed keeps what was typed.
    const mode_t previous = umask(0077);
    write_history(history_file_.c_str());
    umask(previous);
  }

 private:
  std::string history_file_;
  Completer completer_;
  std::string last_;
};

}  // namespace

std::string HistoryFile() {
  std::filesystem::path directory;
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0') {
    directory = state;
  } else if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    directory = std::filesystem::path(home) / ".local" / "state";
  } else {
    return {};
  }
  directory /= "neurolake";
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  return failure ? std::string() : (directory / "history").string();
}

std::unique_ptr<LineReader> MakeTerminalLineReader(std::string history_file, Completer completer) {
  return std::make_unique<TerminalLineReader>(std::move(history_file), std::move(completer));
}

}  // namespace neurolake::cli
