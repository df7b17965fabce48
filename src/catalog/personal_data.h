#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
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
  std::string state = "proposed";  ///< Or "accepted" or "rejected", by who looks after the table, or by a rule.
  std::string decided_by = {};     ///< Name of a principal, or "rule <name>"; empty while it is proposed.
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

/// CREATE PII RULE: what a scan finds is accepted by itself, in the name of who owns the rule, as long as they look
/// after the table.
struct PersonalDataRule {
  std::string id;
  std::string name;      ///< Lower case; one of the lake's.
  std::string entities;  ///< A list as privacy::ParseEntities reads it, upper case.
  SchemaId schema;       ///< Empty: for the whole lake.
  double threshold = 1;  ///< The least confidence.
  PrincipalId owner;
  /// Whoever made it managed the lake, by a token that says so too: it holds for tables of others as long as its owner
  /// does. Else for the owner's own alone.
  bool of_others = false;
  WallTime created;
};

/// The part of the catalogue that is about rules and decisions. Thread-safe; errors as Catalog's.
class PersonalDataRules {
 public:
  virtual ~PersonalDataRules() = default;
  static constexpr int64_t kPersonalDataRulesMax = 1000;
  /// `or_replace`: in the place of one of the same name. Errors: kAlreadyExists; kInvalidArgument when there are
  /// kPersonalDataRulesMax.
  virtual Result<void> AddPersonalDataRule(const PersonalDataRule& rule, bool or_replace) = 0;
  /// What it accepted stays. Errors: kNotFound, also for one that another was put in the place of.
  virtual Result<void> DropPersonalDataRule(const std::string& id) = 0;
  /// By name.
  virtual Result<std::vector<PersonalDataRule>> ListPersonalDataRules() = 0;
  /// Of the table's proposals those with these columns (by what its files call them) and entities are not proposed
  /// again, and no rule accepts them. Returns how many were open.
  virtual Result<int64_t> RejectPersonalData(const TableId& table,
                                             const std::vector<std::pair<std::string, std::string>>& findings,
                                             const std::string& decided_by) = 0;
};

}  // namespace neurolake::catalog
