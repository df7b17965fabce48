#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"

namespace neurolake::catalog {

/// One version of a data key, as a key service wrapped it (privacy::WrappedKey): the catalogue never sees one open.
struct DataKeyVersion {
  int64_t version = 1;
  std::string service;       ///< Which key service opens it.
  std::string wrapping_key;  ///< Which of the service's keys wrapped it.
  std::string wrapped;
  WallTime created;
};

/// What masks are keyed by. Values that masks show are joinable where they name the same key.
struct DataKeyRecord {
  std::string id;
  std::string name;     ///< Lower case.
  std::string purpose;  ///< "mask" or "column".
  std::string created_by;
  WallTime created;
  std::vector<DataKeyVersion> versions;  ///< By number, at least one; the last one is in use.
};

/// Who may use a key, in the policies and columns that they make; ask for the tokens and rows of values that they know;
/// write values into columns that it encrypts; read them.
struct DataKeyGrant {
  std::string key_id;
  std::string privilege;  ///< "usage", "lookup", "encrypt" or "decrypt".
  std::string grantee_kind;
  std::string grantee_id;
  bool denied = false;
  std::string granted_by;
  WallTime created;
};

/// Evidence of one question for the token of a value. The value is not in it.
struct DataKeyLookup {
  WallTime at;
  std::string principal_id;
  std::string principal;
  std::string key_id;
  std::string token;
  StatementId statement;
};

}  // namespace neurolake::catalog
