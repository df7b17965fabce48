#include "query/store_access.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "query/messages.h"
#include "storage/object_store_options.h"
#include "storage/path.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using Options = std::map<std::string, std::string>;

constexpr CredentialOption kOptions[] = {
    {"s3", "access_key_id", false},
    {"s3", "secret_access_key", true},
    {"s3", "session_token", true},
    {"s3", "endpoint", false},
    {"s3", "region", false},
    {"s3", "path_style", false},
    {"s3", "certificate_authority", false},
    {"gcs", "service_account_json", true},
    {"gcs", "access_token", true},
    {"gcs", "endpoint", false},
    {"gcs", "certificate_authority", false},
    {"azure", "account", false},
    {"azure", "account_key", true},
    {"azure", "sas_token", true},
    {"azure", "tenant_id", false},
    {"azure", "client_id", false},
    {"azure", "client_secret", true},
    {"azure", "endpoint", false},
    {"azure", "certificate_authority", false},
};

std::string Option(const Options& options, const std::string& name) {
  const auto found = options.find(name);
  return found == options.end() ? "" : found->second;
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

storage::TransportOptions Transport(const StoreAccess& access) {
  storage::TransportOptions transport;
  transport.certificate_authority_file = Option(access.options, "certificate_authority");
  return transport;
}

Result<std::unique_ptr<storage::ObjectStore>> OpenS3(const StoreAccess& access) {
  storage::S3Options options;
  options.endpoint = Option(access.options, "endpoint");
  if (const auto region = Option(access.options, "region"); !region.empty()) options.region = region;
  if (const auto style = Option(access.options, "path_style"); !style.empty()) options.path_style = style == "true";
  options.transport = Transport(access);
  if (access.source == "keys") {
    options.credentials =
        storage::NewStaticS3Credentials({.access_key_id = Option(access.options, "access_key_id"),
                                         .secret_access_key = Option(access.options, "secret_access_key"),
                                         .session_token = Option(access.options, "session_token"),
                                         .expires_at = std::nullopt});
  } else if (access.source == "instance_role") {
    options.credentials = storage::NewInstanceRoleS3Credentials();
  }
  return storage::NewS3Store(std::move(options));
}

Result<std::unique_ptr<storage::ObjectStore>> OpenGcs(const StoreAccess& access) {
  storage::GcsOptions options;
  options.endpoint = Option(access.options, "endpoint");
  options.transport = Transport(access);
  if (access.source == "instance_role") {
    options.credentials = storage::NewGcsInstanceRole();
  } else if (const auto token = Option(access.options, "access_token"); !token.empty()) {
    options.credentials = storage::NewStaticAccessToken({.token = token, .expires_at = std::nullopt});
  } else if (access.source == "keys") {
    NL_ASSIGN_OR_RETURN(options.credentials,
                        storage::NewGcsServiceAccount(Option(access.options, "service_account_json")));
  }
  return storage::NewGcsStore(std::move(options));
}

Result<std::unique_ptr<storage::ObjectStore>> OpenAzure(const StoreAccess& access) {
  storage::AzureOptions options;
  options.account = Option(access.options, "account");
  options.endpoint = Option(access.options, "endpoint");
  options.transport = Transport(access);
  if (access.source == "instance_role") {
    options.credentials = storage::NewAzureManagedIdentity(Option(access.options, "client_id"));
  } else if (const auto secret = Option(access.options, "client_secret"); !secret.empty()) {
    options.credentials = storage::NewAzureServicePrincipal({.tenant_id = Option(access.options, "tenant_id"),
                                                             .client_id = Option(access.options, "client_id"),
                                                             .client_secret = secret});
  } else {
    options.account_key = Option(access.options, "account_key");
    options.sas_token = Option(access.options, "sas_token");
  }
  return storage::NewAzureStore(std::move(options));
}

std::unexpected<Error> NothingFound(const char* looked_for) {
  return MakeError(ErrorCode::kUnavailable, "the server's environment has no keys for this credential; it looks for {}",
                   looked_for);
}

Result<void> ResolveS3(StoreAccess& access) {
  access.options["access_key_id"] = Environment("AWS_ACCESS_KEY_ID");
  access.options["secret_access_key"] = Environment("AWS_SECRET_ACCESS_KEY");
  access.options["session_token"] = Environment("AWS_SESSION_TOKEN");
  if (access.options["access_key_id"].empty() || access.options["secret_access_key"].empty()) {
    return NothingFound("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  if (Option(access.options, "region").empty()) {
    if (const auto region = Environment("AWS_REGION"); !region.empty()) access.options["region"] = region;
  }
  return {};
}

Result<void> ResolveGcs(StoreAccess& access) {
  const std::string file = Environment("GOOGLE_APPLICATION_CREDENTIALS");
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  if (file.empty() || !stream) return NothingFound("GOOGLE_APPLICATION_CREDENTIALS, the path of a key file");
  access.options["service_account_json"] = text.str();
  return {};
}

Result<void> ResolveAzure(StoreAccess& access) {
  for (const auto& [option, variable] :
       {std::pair("account", "AZURE_STORAGE_ACCOUNT"), std::pair("account_key", "AZURE_STORAGE_KEY"),
        std::pair("sas_token", "AZURE_STORAGE_SAS_TOKEN"), std::pair("tenant_id", "AZURE_TENANT_ID"),
        std::pair("client_id", "AZURE_CLIENT_ID"), std::pair("client_secret", "AZURE_CLIENT_SECRET")}) {
    if (const auto value = Environment(variable); !value.empty() && Option(access.options, option).empty()) {
      access.options[option] = value;
    }
  }
  auto& options = access.options;
  if (!Option(options, "account_key").empty()) options.erase("sas_token"), options.erase("client_secret");
  else if (!Option(options, "sas_token").empty()) options.erase("client_secret");
  else if (Option(options, "client_secret").empty() || Option(options, "tenant_id").empty()) {
    return NothingFound(
        "AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET");
  }
  return {};
}

/// Sets of options of which exactly one has to be given whole.
bool HasOneOf(const Options& options, std::initializer_list<std::vector<const char*>> sets) {
  int whole = 0;
  for (const auto& set : sets) {
    whole += std::ranges::all_of(set, [&](const char* name) { return !Option(options, name).empty(); }) ? 1 : 0;
  }
  return whole == 1;
}

}  // namespace

json::object Encode(const StoreAccess& access) {
  json::object options;
  for (const auto& [name, value] : access.options) options[name] = value;
  return {{"prefix", access.prefix}, {"kind", access.kind}, {"source", access.source}, {"options", options}};
}

Result<StoreAccess> DecodeStoreAccess(const json::object& object) {
  StoreAccess access;
  NL_ASSIGN_OR_RETURN(access.prefix, StringMember(object, "prefix"));
  NL_ASSIGN_OR_RETURN(access.kind, StringMember(object, "kind"));
  NL_ASSIGN_OR_RETURN(access.source, StringMember(object, "source"));
  const auto* options = object.if_contains("options");
  if (options == nullptr || !options->is_object()) return BadMember("options");
  for (const auto& [name, value] : options->get_object()) {
    if (!value.is_string()) return BadMember("options");
    access.options[std::string(name)] = std::string(value.get_string());
  }
  return access;
}

const CredentialOption* FindCredentialOption(std::string_view kind, std::string_view name) {
  const auto found = std::ranges::find_if(
      kOptions, [&](const CredentialOption& option) { return option.kind == kind && option.name == name; });
  return found == std::end(kOptions) ? nullptr : &*found;
}

Result<void> CheckCredentialOptions(const std::string& kind, const std::string& source, const Options& options) {
  for (const auto& [name, value] : options) {
    const CredentialOption* option = FindCredentialOption(kind, name);
    if (option == nullptr) {
      return MakeError(ErrorCode::kInvalidArgument, "a credential of type {} has no option {}", kind, name);
    }
    if (option->secret && source != "keys") {
      return MakeError(ErrorCode::kInvalidArgument, "a credential with a source of its own takes no secret: {}", name);
    }
  }
  if (const auto style = Option(options, "path_style"); !style.empty() && style != "true" && style != "false") {
    return MakeError(ErrorCode::kInvalidArgument, "path_style is 'true' or 'false'");
  }
  // Without a scheme it would be http, and what was meant to be secret would go over the network as it is.
  if (const auto endpoint = Option(options, "endpoint");
      !endpoint.empty() && !endpoint.starts_with("https://") && !endpoint.starts_with("http://")) {
    return MakeError(ErrorCode::kInvalidArgument, "endpoint is a URL that starts with https:// (or http://)");
  }
  if (source != "keys") return {};
  if (kind == "s3" && !HasOneOf(options, {{"access_key_id", "secret_access_key"}})) {
    return MakeError(ErrorCode::kInvalidArgument, "a credential of type s3 needs access_key_id and secret_access_key");
  }
  if (kind == "gcs" && !HasOneOf(options, {{"service_account_json"}, {"access_token"}})) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a credential of type gcs needs one of service_account_json and access_token");
  }
  if (kind == "azure" &&
      !HasOneOf(options, {{"account_key"}, {"sas_token"}, {"tenant_id", "client_id", "client_secret"}})) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a credential of type azure needs one of account_key, sas_token, and tenant_id with client_id and "
                     "client_secret");
  }
  return {};
}

Result<std::string> StoreKindOf(const std::string& url) {
  NL_ASSIGN_OR_RETURN(const storage::ObjectLocation location, storage::ParseObjectLocation(url));
  switch (location.kind) {
    case storage::ObjectLocation::Kind::kS3: return "s3";
    case storage::ObjectLocation::Kind::kGcs: return "gcs";
    case storage::ObjectLocation::Kind::kAzure: return "azure";
    case storage::ObjectLocation::Kind::kLocal: break;
  }
  return MakeError(ErrorCode::kNotSupported, "not the URL of an object store: {}", url);
}

Result<std::unique_ptr<storage::ObjectStore>> OpenStore(const StoreAccess& access) {
  if (access.kind == "s3") return OpenS3(access);
  if (access.kind == "gcs") return OpenGcs(access);
  if (access.kind == "azure") return OpenAzure(access);
  return MakeError(ErrorCode::kNotSupported, "there are no object stores of this kind: {}", access.kind);
}

Result<void> ResolveEnvironment(StoreAccess& access) {
  if (access.source != "environment") return {};
  if (access.kind == "s3") NL_RETURN_IF_ERROR(ResolveS3(access));
  if (access.kind == "gcs") NL_RETURN_IF_ERROR(ResolveGcs(access));
  if (access.kind == "azure") NL_RETURN_IF_ERROR(ResolveAzure(access));
  access.source = "keys";
  return {};
}

}  // namespace neurolake::query
