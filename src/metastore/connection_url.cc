#include "metastore/internal/connection_url.h"

#include <libpq-fe.h>

#include <memory>

#include "metastore/database.h"

namespace neurolake::metastore {

Result<PostgresAddress> ParsePostgresUrl(const std::string& url) {
  const bool scheme = url.starts_with("postgresql://") || url.starts_with("postgres://");
  char* reason = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      scheme ? PQconninfoParse(url.c_str(), &reason) : nullptr, &PQconninfoFree);
  PQfreemem(reason);
  if (options == nullptr) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        "metastore.url is not a PostgreSQL address, expected postgresql://user:password@host:port/database");
  }
  std::string user, host, port, database;
  bool has_password = false;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || *option->val == '\0') continue;
    const std::string_view keyword = option->keyword;
    if (keyword == "user") user = option->val;
    if (keyword == "host" || (keyword == "hostaddr" && host.empty())) host = option->val;
    if (keyword == "port") port = option->val;
    if (keyword == "dbname") database = option->val;
    if (keyword == "password") has_password = true;
  }
  std::string shown = "postgresql://" + user;
  if (has_password) shown += ":***";
  if (has_password || !user.empty()) shown += "@";
  shown += host;
  if (!port.empty()) shown += ":" + port;
  return PostgresAddress{url, shown + "/" + database};
}

std::string RedactUrl(const std::string& url) {
  const auto address = ParsePostgresUrl(url);
  return address.has_value() ? address->shown : "postgresql://***";
}

std::string NumberParameters(std::string_view sql) {
  std::string numbered;
  numbered.reserve(sql.size() + 16);
  int parameter = 0;
  for (size_t i = 0; i < sql.size();) {
    size_t end = i + 1;  // Of what is copied as it is.
    if (sql[i] == '\'' || sql[i] == '"') {
      const size_t close = sql.find(sql[i], i + 1);  // A doubled quote closes and opens again.
      end = close == std::string_view::npos ? sql.size() : close + 1;
    } else if (sql.substr(i, 2) == "--") {
      const size_t newline = sql.find('\n', i);
      end = newline == std::string_view::npos ? sql.size() : newline;
    } else if (sql.substr(i, 2) == "/*") {
      const size_t close = sql.find("*/", i + 2);
      end = close == std::string_view::npos ? sql.size() : close + 2;
    } else if (sql[i] == '?') {
      numbered += fmt::format("${}", ++parameter);
      i = end;
      continue;
    }
    numbered += sql.substr(i, end - i);
    i = end;
  }
  return numbered;
}

}  // namespace neurolake::metastore
