#pragma once
#include <boost/json/object.hpp>
#include <map>
#include <memory>
#include <string>

#include "common/result.h"
#include "storage/object_store.h"

namespace neurolake::query {

/// How an object store is reached: what a credential says, with its secrets in plain. It goes from the server to the
/// worker whose statement may use it, and nowhere else; it is never part of a log, an error or an answer.
struct StoreAccess {
  std::string prefix;                          ///< URL: what is below it may be reached this way.
  std::string kind;                            ///< "s3", "gcs" or "azure".
  std::string source;                          ///< "keys", "environment", "instance_role" or "anonymous".
  std::map<std::string, std::string> options;  ///< By the names of CREATE CREDENTIAL.
};

boost::json::object Encode(const StoreAccess& access);
Result<StoreAccess> DecodeStoreAccess(const boost::json::object& object);

/// Which option is a secret. `kind` as above.
struct CredentialOption {
  const char* kind;
  const char* name;
  bool secret;
};
/// Null for an option that a credential of this kind does not have.
const CredentialOption* FindCredentialOption(std::string_view kind, std::string_view name);

/// Errors: kInvalidArgument for options that do not fit together, without their values.
Result<void> CheckCredentialOptions(const std::string& kind, const std::string& source,
                                    const std::map<std::string, std::string>& options);

/// The kind of credential that a URL needs. Errors: kNotSupported for a scheme of no store.
Result<std::string> StoreKindOf(const std::string& url);

/// A client. Nothing is sent yet. Errors: kInvalidArgument, naming options but never values.
Result<std::unique_ptr<storage::ObjectStore>> OpenStore(const StoreAccess& access);

/// What the server's environment has for a credential FROM ENVIRONMENT becomes keys: workers have no such environment.
/// Errors: kUnavailable naming the variables that were looked for.
Result<void> ResolveEnvironment(StoreAccess& access);

}  // namespace neurolake::query
