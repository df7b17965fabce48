#include "ask/language/units.h"

#include <algorithm>
#include <string>
#include <vector>

#include "ask/language/words.h"

namespace neurolake::ask {
namespace {

struct Known {
  std::string_view names;  ///< Singular, folded, words of one name joined; blanks around each.
  std::string_view kind;
  double factor;  ///< In the kind's own base.
};

// Factors: BIPM, The International System of Units, 9th edition; NIST Handbook 44, appendix C, for those outside of it.
constexpr Known kKnown[] = {
    {" wh watthour ", "energy", 3'600},
    {" kwh kilowatthour ", "energy", 3.6e6},
    {" mwh megawatthour ", "energy", 3.6e9},
    {" gwh gigawatthour ", "energy", 3.6e12},
    {" twh terawatthour ", "energy", 3.6e15},
    {" kj kilojoule ", "energy", 1e3},
    {" mj megajoule ", "energy", 1e6},
    {" gj gigajoule ", "energy", 1e9},
    {" watt ", "power", 1},
    {" kw kilowatt ", "power", 1e3},
    {" mw megawatt ", "power", 1e6},
    {" gw gigawatt ", "power", 1e9},
    {" mg milligram milligramme ", "mass", 1e-6},
    {" g gram gramme ", "mass", 1e-3},
    {" kg kilo kilogram kilogramme ", "mass", 1},
    {" t ton tonne metricton metrictonne ", "mass", 1e3},
    {" kt kiloton kilotonne ", "mass", 1e6},
    {" lb lbs pound ", "mass", 0.45359237},
    {" oz ounce ", "mass", 0.028349523125},
    {" mm millimeter millimetre ", "length", 1e-3},
    {" cm centimeter centimetre ", "length", 1e-2},
    {" m meter metre ", "length", 1},
    {" km kilometer kilometre ", "length", 1e3},
    {" mi mile ", "length", 1609.344},
    {" nmi nauticalmile ", "length", 1852},
    {" ft foot feet ", "length", 0.3048},
    {" yd yard ", "length", 0.9144},
    {" inch ", "length", 0.0254},
    {" m2 sqm squaremeter squaremetre ", "area", 1},
    {" km2 sqkm squarekilometer squarekilometre ", "area", 1e6},
    {" ha hectare ", "area", 1e4},
    {" acre ", "area", 4046.8564224},
    {" ft2 sqft squarefoot squarefeet ", "area", 0.09290304},
    {" ml milliliter millilitre ", "volume", 1e-3},
    {" cl centiliter centilitre ", "volume", 1e-2},
    {" l liter litre ", "volume", 1},
    {" hl hectoliter hectolitre ", "volume", 100},
    {" m3 cbm cubicmeter cubicmetre ", "volume", 1e3},
    {" gal gallon ", "volume", 3.785411784},
    {" bbl barrel ", "volume", 158.987294928},
    {" byte ", "data", 1},
    {" kb kilobyte ", "data", 1e3},
    {" mb megabyte ", "data", 1e6},
    {" gb gigabyte ", "data", 1e9},
    {" tb terabyte ", "data", 1e12},
    {" pb petabyte ", "data", 1e15},
    {" ms millisecond ", "time", 1e-3},
    {" s sec second ", "time", 1},
    {" min minute ", "time", 60},
    {" h hr hour ", "time", 3'600},
    {" d day ", "time", 86'400},
    {" week ", "time", 604'800},
    {" eur euro € ", "EUR", 1},
    {" keur teur ", "EUR", 1e3},
    {" meur ", "EUR", 1e6},
    {" usd dollar $ ", "USD", 1},
    {" gbp pound £ ", "GBP", 1},
    {" pence penny ", "GBP", 0.01},
    {" chf franc ", "CHF", 1},
    {" jpy yen ¥ ", "JPY", 1},
    {" ct cent ", "cent", 0.01},
};

struct Scale {
  std::string_view names;
  double factor;
};
constexpr Scale kScales[] = {{" k thousand ", 1e3}, {" mio million ", 1e6}, {" bn billion ", 1e9}};

/// One way to read words as a unit.
struct Reading {
  size_t tokens = 0;
  std::string kind = {};  ///< Empty: a bare scale.
  double factor = 1;
  double numerator = 1;  ///< Of "a per b": the factor of a.
};

std::string WordAt(std::span<const Token> tokens, size_t at) {
  return at < tokens.size() && tokens[at].kind != TokenKind::kQuoted ? Singular(tokens[at].word) : "";
}

void Look(std::string_view name, size_t used, std::vector<Reading>& found) {
  const std::string padded = " " + std::string(name) + " ";
  for (const Known& known : kKnown) {
    if (known.names.find(padded) != std::string_view::npos)
      found.push_back({used, std::string(known.kind), known.factor});
  }
}

/// "kWh", "kilowatt-hours", "square metres"; a word that is not known is a unit of its own.
std::vector<Reading> Simple(std::span<const Token> tokens, size_t at) {
  std::vector<Reading> found;
  const std::string first = WordAt(tokens, at);
  if (first.empty()) return found;
  const size_t next = at + 1 + (WordAt(tokens, at + 1) == "-" ? 1 : 0);
  if (const std::string second = WordAt(tokens, next); !second.empty()) Look(first + second, next + 1, found);
  if (!found.empty()) return found;
  Look(first, at + 1, found);
  if (found.empty() && tokens[at].kind == TokenKind::kWord) found.push_back({at + 1, "=" + first, 1});
  return found;
}

std::vector<Reading> Units(std::span<const Token> tokens, size_t at) {
  std::vector<Reading> found;
  const std::string first = WordAt(tokens, at);
  for (const Scale& scale : kScales) {
    if (first.empty() || scale.names.find(" " + first + " ") == std::string_view::npos) continue;
    const size_t next = at + 1 + (WordAt(tokens, at + 1) == "of" ? 1 : 0);
    for (Reading& unit : Simple(tokens, next))
      found.push_back({unit.tokens, std::move(unit.kind), unit.factor * scale.factor});
    if (first.size() > 3) found.push_back({at + 1, "", scale.factor});
  }
  for (Reading& unit : Simple(tokens, at)) found.push_back(std::move(unit));
  const size_t plain = found.size();
  for (size_t i = 0; i < plain; ++i) {
    const Reading unit = found[i];
    const std::string link = WordAt(tokens, unit.tokens);
    if (unit.kind.empty() || (link != "/" && link != "per")) continue;
    for (const Reading& per : Simple(tokens, unit.tokens + 1))
      found.push_back({per.tokens, unit.kind + "/" + per.kind, unit.factor / per.factor, unit.factor});
  }
  for (size_t i = 0; i < plain; ++i) found[i].numerator = found[i].factor;
  return found;
}

/// Cents are those of whatever money is kept.
bool AreAlike(std::string_view said, std::string_view kept) {
  if (said == kept) return true;
  const size_t said_end = std::min(said.find('/'), said.size()), kept_end = std::min(kept.find('/'), kept.size());
  // "30 cents" of a price per kWh: of what each is goes without saying.
  if (said_end < said.size() && said.substr(said_end) != kept.substr(kept_end)) return false;
  const auto is_code = [](std::string_view kind) {
    return kind.size() == 3 && std::ranges::all_of(kind, [](char c) { return c >= 'A' && c <= 'Z'; });
  };
  const std::string_view a = said.substr(0, said_end), b = kept.substr(0, kept_end);
  return a == b || (a == "cent" && is_code(b)) || (b == "cent" && is_code(a));
}

}  // namespace

std::optional<UnitPhrase> ParseUnit(std::span<const Token> tokens, std::string_view kept) {
  const std::vector<Token> kept_tokens = TokenizeName(kept);
  std::vector<Reading> whole = Units(kept_tokens, 0);
  std::erase_if(whole, [&](const Reading& one) { return one.tokens != kept_tokens.size() || one.kind.empty(); });
  std::optional<UnitPhrase> best;
  for (const Reading& said : Units(tokens, 0)) {
    if (best && best->tokens >= said.tokens) continue;
    if (said.kind.empty()) best = {said.tokens, said.factor};
    for (const Reading& own : whole) {
      if (said.kind.empty() || !AreAlike(said.kind, own.kind)) continue;
      const bool bare = said.kind.find('/') == std::string::npos;
      best = {said.tokens, said.factor / (bare ? own.numerator : own.factor)};
    }
  }
  return best;
}

bool AreConvertible(std::string_view said, std::string_view kept) {
  const std::vector<Token> tokens = TokenizeName(said);
  const auto unit = ParseUnit(tokens, kept);
  return unit && unit->tokens == tokens.size();
}

}  // namespace neurolake::ask
