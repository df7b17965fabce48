#pragma once
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::metastore {

/// A PostgreSQL address: what libpq is told, and what may be shown of it.
struct PostgresAddress {
  std::string url;    ///< With the password: goes to libpq and nowhere else.
  std::string shown;  ///< "postgresql://user:***@host:5432/database".
};

/// Errors: kInvalidArgument, without any part of the URL in the message: what libpq cannot parse may be a password.
Result<PostgresAddress> ParsePostgresUrl(const std::string& url);

/// `sql` with each `?` outside quotes and comments numbered `$1`, `$2` …
std::string NumberParameters(std::string_view sql);

}  // namespace neurolake::metastore
