#pragma once
#include <cstdint>
#include <string>

#include "common/clock.h"

namespace neurolake::catalog {

/// Personal data or secrets that a scan found in a column, and the tag it proposes. Never a value.
struct PersonalDataFinding {
  std::string column_id;    ///< What the table's files call the column; stays when it is renamed.
  std::string column_name;  ///< As it was called then.
  std::string entity;       ///< "NL_BSN": privacy/detector/entities.def.
  std::string tag;          ///< "pii.national.nl_bsn".
  double confidence = 0;    ///< 0 to 1.
  bool in_text = false;     ///< Inside longer texts.
  std::string also;         ///< Entities that fit nearly as well, separated by ", ".
  std::string evidence;     ///< In words.
  int64_t version = -1;     ///< Of the table.
  int64_t rows_scanned = 0;
  WallTime found;
  std::string found_by;            ///< Name of a principal.
  std::string state = "proposed";  ///< Or "accepted" or "rejected", by who looks after the table.
};

}  // namespace neurolake::catalog
