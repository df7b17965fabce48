#pragma once
#include <string_view>
#include <vector>

#include "privacy/detector/entities.h"

namespace neurolake::privacy {

/// A name found in prose; `odds` are natural log-odds before what stands around it is looked at.
struct NameMatch {
  Entity entity;
  size_t begin, end;
  double odds;
  const char* why;  ///< "given name and surname"; for explanations.
};

/// Persons, places, companies and groups of people in `text`, by the gazetteer and by what goes with names: titles,
/// initials, particles, legal forms. Reads prose in scripts with capitals. Matches may overlap.
/// Thread-safe; linear in the text.
void FindNames(std::string_view text, std::vector<NameMatch>& matches);

/// What a whole cell is, as the columns of a table have it: without capitals to go by, and without prose around it.
struct CellNames {
  bool given_name = false;  ///< Nothing but given names.
  bool surname = false;
  bool full_name = false;  ///< Given names and a surname, in either order.
  bool place = false;
  bool company = false;
  bool group = false;
};
CellNames NamesOfCell(std::string_view cell);

}  // namespace neurolake::privacy
