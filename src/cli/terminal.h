#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace neurolake::cli {

/// Where a command reads and writes. Tests pass string streams; main() passes the process's own.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool can_ask = false;  ///< A person reads `err` and answers on `in`, on however plain a terminal.
  /// Columns of the terminal `out` is; 0 when unlimited.
  int width = 0;
};

/// The process's standard streams as they are right now. NO_COLOR and a dumb terminal count as no terminal for `err`.
Console ProcessConsole();
/// Columns of the terminal at standard output, 0 when it is none. Asked anew before each result: windows are resized.
int TerminalWidth();

/// Whether standard output is a pipe that nobody reads any more.
bool OutputPipeIsClosed();

/// Cells a terminal takes for `text` (UTF-8): 2 for East Asian wide and emoji, 0 for combining marks, 1 for each byte
/// that is not valid UTF-8 (shown as U+FFFD).
int DisplayWidth(std::string_view text);

/// `text` on one line, harmless to a terminal: control characters (also C1 and bidirectional overrides) are written as
/// escapes such as `\n` and `\x1B`, invalid UTF-8 as U+FFFD. Data must never be able to move the cursor.
std::string PrintableText(std::string_view text);

/// The longest beginning of printable `text` that takes at most `cells`, with "…" in place of what was cut.
std::string Shorten(std::string_view text, int cells);

}  // namespace neurolake::cli
