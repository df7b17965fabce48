#include "common/text.h"
#include "net/url.h"
#include "storage/internal/azure_service.h"
#include "storage/internal/credential_request.h"
#include "storage/internal/http_answers.h"
#include "storage/internal/renewed.h"
#include "storage/object_store_options.h"

namespace neurolake::storage {
namespace {

/// "AccountName=a;AccountKey=k;BlobEndpoint=https://…"
void FillFromConnectionString(const std::string& text, AzureOptions& options, bool has_credentials) {
  for (const std::string& part : Split(text, ';')) {
    const size_t equals = part.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = part.substr(0, equals);
    const std::string value = part.substr(equals + 1);
    if (name == "AccountName" && options.account.empty()) options.account = value;
    if (name == "BlobEndpoint" && options.endpoint.empty()) options.endpoint = value;
    if (name == "AccountKey" && !has_credentials) options.account_key = value;
    if (name == "SharedAccessSignature" && !has_credentials) options.sas_token = value;
  }
}

bool HasCredentials(const AzureOptions& options) {
  return !options.account_key.empty() || !options.sas_token.empty() || options.credentials != nullptr;
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> NewAzureStore(AzureOptions options) {
  const int ways = static_cast<int>(!options.account_key.empty()) + static_cast<int>(!options.sas_token.empty()) +
                   static_cast<int>(options.credentials != nullptr);
  if (ways > 1) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "an account key, a shared access signature or a token: give one of them, not several");
  }
  if (!options.endpoint.empty()) {
    NL_ASSIGN_OR_RETURN(const net::Url endpoint, net::ParseUrl(options.endpoint));
    // A key only signs; the others open the account for whoever reads them.
    const bool sends_secret = options.credentials != nullptr || !options.sas_token.empty();
    if (sends_secret && !internal::IsSafeForSecrets(endpoint)) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "tokens and shared access signatures are sent over https only: the endpoint must start with "
                       "https://");
    }
  }
  std::string shared_key;
  if (!options.account_key.empty()) {
    auto decoded = internal::DecodeBase64(options.account_key);
    if (!decoded.has_value()) {
      return MakeError(ErrorCode::kInvalidArgument, "the account key is not Base64, as Azure shows it");
    }
    shared_key = std::move(*decoded);
  }
  auto transport = std::make_shared<internal::Transport>(options.transport);
  auto service = std::make_unique<internal::AzureService>(std::move(options), std::move(shared_key), transport);
  return internal::NewCloudStore(ObjectLocation::Kind::kAzure, std::move(transport), std::move(service));
}

Result<void> FillAzureOptionsFromEnvironment(AzureOptions& options) {
  using internal::Environment;
  if (options.account.empty()) options.account = Environment("AZURE_STORAGE_ACCOUNT");
  const bool had = HasCredentials(options);
  if (!had) options.account_key = Environment("AZURE_STORAGE_KEY");
  if (!HasCredentials(options)) options.sas_token = Environment("AZURE_STORAGE_SAS_TOKEN");
  FillFromConnectionString(Environment("AZURE_STORAGE_CONNECTION_STRING"), options, HasCredentials(options));
  if (HasCredentials(options)) return {};
  const AzureServicePrincipal principal{.tenant_id = Environment("AZURE_TENANT_ID"),
                                        .client_id = Environment("AZURE_CLIENT_ID"),
                                        .client_secret = Environment("AZURE_CLIENT_SECRET")};
  const TokenRequestOptions tokens{.certificate_authority_file = options.transport.certificate_authority_file,
                                   .clock = options.transport.clock};
  if (!principal.tenant_id.empty() && !principal.client_secret.empty()) {
    if (principal.client_id.empty()) {
      return MakeError(ErrorCode::kUnauthenticated,
                       "no credentials: AZURE_CLIENT_SECRET is set without AZURE_CLIENT_ID");
    }
    options.credentials = NewAzureServicePrincipal(principal, tokens);
    return {};
  }
  options.credentials = NewAzureManagedIdentity(principal.client_id, tokens);
  return {};
}

}  // namespace neurolake::storage
