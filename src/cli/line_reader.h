#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace neurolake::cli {

/// Where the shell's lines come from: an editor on a terminal, or a list in tests.
class LineReader {
 public:
  enum class Outcome { kLine, kInterrupted, kEnd };  ///< Ctrl-C and Ctrl-D for the latter two.

  virtual ~LineReader() = default;
  virtual Outcome Read(const std::string& prompt, std::string& line) = 0;
  virtual void AddToHistory(const std::string& statement) = 0;
};

/// Gives the candidates for the word that begins at `begin` of `line`, which ends at the cursor.
using Completer = std::function<std::vector<std::string>(std::string_view line, size_t begin)>;

/// libedit: emacs or vi keys by ~/.editrc, history across sessions in `history_file` (0600; "" for none), TAB
/// completes. libedit keeps its state in globals: one at a time per process.
std::unique_ptr<LineReader> MakeTerminalLineReader(std::string history_file, Completer completer);

/// $XDG_STATE_HOME/neurolake/history, or below ~/.local/state; makes the directory. Empty when there is no home.
std::string HistoryFile();

}  // namespace neurolake::cli
