#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/result.h"

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

/// How likely a finding has to be in this lake, unless a scan says otherwise.
struct PersonalDataThreshold {
  std::string subject;  ///< An entity, a group of them or a country, upper case; empty: all.
  double threshold = 0;
  std::string set_by;  ///< Name of a principal.
  WallTime set_at;
};

/// The part of the catalogue that is about thresholds. Thread-safe; errors as Catalog's.
class PersonalDataThresholds {
 public:
  virtual ~PersonalDataThresholds() = default;
  /// In the place of what was set for the same subject.
  virtual Result<void> SetPersonalDataThreshold(const PersonalDataThreshold& threshold) = 0;
  /// No error where there is none.
  virtual Result<void> ResetPersonalDataThreshold(const std::string& subject) = 0;
  /// By subject.
  virtual Result<std::vector<PersonalDataThreshold>> ListPersonalDataThresholds() = 0;
};

}  // namespace neurolake::catalog
