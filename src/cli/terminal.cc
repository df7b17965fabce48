#include "cli/terminal.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "common/utf8.h"

namespace neurolake::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Unicode 15 East Asian Width W and F, and emoji shown wide, joined where only unassigned code points lie between.
constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},   {0x23F0, 0x23F0},
    {0x23F3, 0x23F3},   {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267F, 0x267F},
    {0x2693, 0x2693},   {0x26A1, 0x26A1},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},
    {0x26CE, 0x26CE},   {0x26D4, 0x26D4},   {0x26EA, 0x26EA},   {0x26F2, 0x26F3},   {0x26F5, 0x26F5},
    {0x26FA, 0x26FA},   {0x26FD, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},
    {0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27B0, 0x27B0},   {0x27BF, 0x27BF},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},
    {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0xA4CF},   {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x16FE0, 0x18D08}, {0x1AFF0, 0x1B2FB}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF},
    {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F200, 0x1F320}, {0x1F32D, 0x1F335}, {0x1F337, 0x1F37C},
    {0x1F37E, 0x1F393}, {0x1F3A0, 0x1F3CA}, {0x1F3CF, 0x1F3D3}, {0x1F3E0, 0x1F3F0}, {0x1F3F4, 0x1F3F4},
    {0x1F3F8, 0x1F43E}, {0x1F440, 0x1F440}, {0x1F442, 0x1F4FC}, {0x1F4FF, 0x1F53D}, {0x1F54B, 0x1F567},
    {0x1F57A, 0x1F57A}, {0x1F595, 0x1F596}, {0x1F5A4, 0x1F5A4}, {0x1F5FB, 0x1F64F}, {0x1F680, 0x1F6C5},
    {0x1F6CC, 0x1F6CC}, {0x1F6D0, 0x1F6D2}, {0x1F6D5, 0x1F6DF}, {0x1F6EB, 0x1F6EC}, {0x1F6F4, 0x1F6FC},
    {0x1F7E0, 0x1F7F0}, {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945}, {0x1F947, 0x1F9FF}, {0x1FA70, 0x1FAFF},
    {0x20000, 0x3FFFD}};

// Combining marks and format characters of the scripts met most; the others show one cell too wide, no worse.
constexpr Range kZeroWidth[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05BF},  {0x05C1, 0x05C2}, {0x05C4, 0x05C5},
    {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0670, 0x0670}, {0x06D6, 0x06DC},  {0x06DF, 0x06E4}, {0x0711, 0x0711},
    {0x0730, 0x074A}, {0x0900, 0x0902}, {0x093A, 0x093A}, {0x093C, 0x093C},  {0x0941, 0x0948}, {0x094D, 0x094D},
    {0x0981, 0x0981}, {0x09BC, 0x09BC}, {0x09CD, 0x09CD}, {0x0E31, 0x0E31},  {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200D}, {0x20D0, 0x20F0},  {0x302A, 0x302D}, {0x3099, 0x309A},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF}};

template <size_t kCount>
bool Contains(const Range (&ranges)[kCount], char32_t code) {
  const auto* found = std::lower_bound(std::begin(ranges), std::end(ranges), code,
                                       [](const Range& range, char32_t value) { return range.last < value; });
  return found != std::end(ranges) && found->first <= code;
}

int CellsOf(char32_t code) {
  if (code < 0x300) return 1;
  if (Contains(kZeroWidth, code)) return 0;
  return Contains(kWide, code) ? 2 : 1;
}

constexpr char32_t kInvalid = 0xFFFFFFFF;

/// Takes one code point off `text`; kInvalid (and one byte) for what is not UTF-8, overlong forms and surrogates too.
char32_t TakeCodePoint(std::string_view& text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  size_t length = lead < 0x80 ? 1 : lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (lead > 0xF4) length = 0;
  char32_t code = length == 1 ? lead : length == 2 ? lead & 0x1F : length == 3 ? lead & 0x0F : lead & 0x07;
  bool valid = length > 0 && length <= text.size();
  for (size_t i = 1; valid && i < length; ++i) {
    valid = (byte(i) & 0xC0) == 0x80;
    code = (code << 6) | (byte(i) & 0x3F);
  }
  if (valid && ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000))) valid = false;
  if (valid && (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))) valid = false;
  text.remove_prefix(valid ? length : 1);
  return valid ? code : kInvalid;
}

bool MovesTheCursorOrTheReader(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 ||
         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F;
}

}  // namespace

Console ProcessConsole() {
  const char* kind = std::getenv("TERM");
  const bool dumb = kind == nullptr || std::string_view(kind) == "dumb";
  const bool plain = std::getenv("NO_COLOR") != nullptr;
  return {.in = std::cin,
          .out = std::cout,
          .err = std::cerr,
          .in_is_terminal = isatty(STDIN_FILENO) == 1,
          .out_is_terminal = isatty(STDOUT_FILENO) == 1 && !dumb,
          .err_is_terminal = isatty(STDERR_FILENO) == 1 && !dumb && !plain,
          .can_ask = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1,
          .width = TerminalWidth()};
}

int TerminalWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

bool OutputPipeIsClosed() {
  pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

int DisplayWidth(std::string_view text) {
  int cells = 0;
  while (!text.empty()) {
    const char32_t code = TakeCodePoint(text);
    cells += code == kInvalid ? 1 : CellsOf(code);
  }
  return cells;
}

std::string PrintableText(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char* begin = text.data();
    const char32_t code = TakeCodePoint(text);
    if (code == kInvalid) {
      out += kReplacementCharacter;
    } else if (code == '\n') {
      out += "\\n";
    } else if (code == '\r') {
      out += "\\r";
    } else if (code == '\t') {
      out += "\\t";
    } else if (MovesTheCursorOrTheReader(code)) {
      out += code < 0x100 ? fmt::format("\\x{:02X}", static_cast<uint32_t>(code))
                          : fmt::format("\\u{:04X}", static_cast<uint32_t>(code));
    } else {
      out.append(begin, text.data());
    }
  }
  return out;
}

std::string Shorten(std::string_view text, int cells) {
  if (DisplayWidth(text) <= cells) return std::string(text);
  if (cells < 1) return {};
  std::string out;
  int used = 0;
  while (!text.empty()) {
    const char* begin = text.data();
    const char32_t code = TakeCodePoint(text);
    const int more = code == kInvalid ? 1 : CellsOf(code);
    if (used + more > cells - 1) break;
    used += more;
    out.append(begin, text.data());
  }
  return out + "…";
}

}  // namespace neurolake::cli
