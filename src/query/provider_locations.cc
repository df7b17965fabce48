// Where tables and files may lie: ProviderServer's part on locations and what opens them.
#include <filesystem>

#include "query/access.h"
#include "query/location_stores.h"
#include "query/provider_server.h"
#include "query/server_actions.h"
#include "storage/path.h"

namespace neurolake::query {

namespace json = boost::json;

Result<json::value> ProviderServer::OpenStoreOf(const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string asked, StringMember(arguments, "url"));
  NL_ASSIGN_OR_RETURN(const std::string url, storage::NormalUrl(asked));
  const auto table = std::ranges::find_if(found_, [&](const auto& place) { return storage::IsBelow(url, place); });
  // COPY INTO reads from every external location, for who may write: the same who is told of them when it starts.
  // A group's writer acts for nobody: its one table alone.
  const bool elsewhere = ctx_.principal().Has(Right::kWrite) && !HasGrantsAlone(ctx_.principal()) && !group_;
  if (locations_ == nullptr || (table == found_.end() && !elsewhere)) {
    return MakeError(ErrorCode::kPermissionDenied, "this place is not part of the statement");
  }
  NL_ASSIGN_OR_RETURN(StoreAccess access, locations_->AccessTo(url));
  if (table != found_.end()) access.prefix = *table;
  return json::value(Encode(access));
}

Result<json::value> ProviderServer::ChangeLocation(const json::object& arguments, bool create) {
  NL_RETURN_IF_ERROR(Require(Right::kManage));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  if (!create) {
    NL_ASSIGN_OR_RETURN(const bool if_exists, BoolMember(arguments, "if_exists"));
    auto dropped = catalog_.DropExternalLocation(name);
    if (!dropped && !(if_exists && dropped.error().code() == ErrorCode::kNotFound)) {
      return std::unexpected(dropped.error());
    }
    return json::value(nullptr);
  }
  NL_ASSIGN_OR_RETURN(const std::string path, StringMember(arguments, "path"));
  NL_ASSIGN_OR_RETURN(const std::string credential, StringMember(arguments, "credential"));
  NL_ASSIGN_OR_RETURN(const bool if_not_exists, BoolMember(arguments, "if_not_exists"));
  NL_ASSIGN_OR_RETURN(const bool may_register, BoolMember(arguments, "may_register"));
  if (locations_ != nullptr && storage::IsUrl(path) && !credential.empty()) {
    NL_RETURN_IF_ERROR(locations_->CheckSpelling(path, credential));
  }
  // A wrong key, a missing bucket or a store that would lose commits is better met here than by the first table.
  if (locations_ != nullptr && may_register && storage::IsUrl(path) && !credential.empty()) {
    NL_RETURN_IF_ERROR(locations_->CheckPlace(ctx_, path, credential));
  }
  auto added = catalog_.AddExternalLocation({.name = name,
                                             .path = path,
                                             .may_register = may_register,
                                             .created = ctx_.clock().Now(),
                                             .credential = credential});
  if (!added && !(if_not_exists && added.error().code() == ErrorCode::kAlreadyExists)) {
    return std::unexpected(added.error());
  }
  return json::value(nullptr);
}

Result<std::string> ProviderServer::PlaceOf(const std::string& location) const {
  if (storage::IsUrl(location)) {
    if (location.find_first_of("?#") != std::string::npos) {
      return MakeError(ErrorCode::kInvalidArgument, "LOCATION has neither a query nor a fragment: {}", location);
    }
    return storage::NormalUrl(location);
  }
  std::error_code error;
  std::string canonical = std::filesystem::weakly_canonical(location, error).string();
  if (error == std::errc::io_error) {
    return MakeError(ErrorCode::kIoError, "LOCATION cannot be looked at, as its file system fails: {}", location);
  }
  if (error || location.empty() || location[0] != '/') {
    return MakeError(ErrorCode::kInvalidArgument,
                     "LOCATION must be an absolute path of the server or the URL of an object store: {}", location);
  }
  if (canonical.ends_with('/')) canonical.pop_back();
  return canonical;
}

Result<void> ProviderServer::CheckLocation(const std::string& location) const {
  NL_RETURN_IF_ERROR(Require(Right::kRegisterLocation));
  NL_ASSIGN_OR_RETURN(const std::string canonical, PlaceOf(location));
  // As for the lake's directory: what new managed tables will lie in is nobody else's, whatever his rights.
  if (storage::IsUrl(tables_directory_) &&
      (storage::IsBelow(canonical, tables_directory_) || storage::IsBelow(tables_directory_, canonical))) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        "LOCATION must be neither inside nor around the place of managed tables (the setting tables.url): {}",
        location);
  }
  NL_ASSIGN_OR_RETURN(const bool open, IsOpenForTables(catalog_, canonical));
  if (open) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "LOCATION must lie in an external location that an administrator opened for tables: {}", location);
}

}  // namespace neurolake::query
