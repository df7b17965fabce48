#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/request_context.h"
#include "common/result.h"
#include "storage/object_store.h"

namespace neurolake::storage {

/// How long a store over the network is waited for, and how often it is asked again.
struct TransportOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  /// Longest silence of the service while it answers one request.
  std::chrono::milliseconds read_timeout{30'000};
  /// Bounds one call of the store with all its attempts; the request's own deadline (ObjectStore::For) besides.
  std::chrono::milliseconds operation_timeout{300'000};
  int attempts_max = 8;
  /// The wait before attempt n + 1 is drawn evenly from [0, min(backoff_max, backoff_base * 2^(n-1))].
  std::chrono::milliseconds backoff_base{100};
  std::chrono::milliseconds backoff_max{20'000};
  /// Idle connections kept for the next request, and for how long.
  int idle_connections_max = 16;
  std::chrono::milliseconds idle_connection_age{20'000};
  std::string certificate_authority_file;  ///< PEM. Empty: the system's. Certificate checks cannot be switched off.
  int64_t upload_part_bytes = 8 << 20;     ///< Uploads are sent in parts of this size; grows for very large objects.
  /// Borrowed; null: the system's. It dates signatures and tells when credentials end.
  const Clock* clock = nullptr;
  /// Waits between attempts; null: RequestContext::SleepFor. For tests.
  std::function<Result<void>(const RequestContext&, std::chrono::milliseconds)> sleep;
};

// ---- Amazon S3 and what speaks its protocol ----

struct S3Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;           ///< Empty for long-lived keys.
  std::optional<WallTime> expires_at;  ///< Renewed some minutes before.
};

/// Where keys come from. Thread-safe. Errors: kUnauthenticated when there are none, saying where was looked; never
/// anything of the keys.
class S3CredentialsProvider {
 public:
  virtual ~S3CredentialsProvider() = default;
  virtual Result<S3Credentials> Get(const RequestContext& ctx) = 0;
  /// The service refused what Get gave as expired: the next Get asks anew.
  virtual void Invalidate() {}
};

std::shared_ptr<S3CredentialsProvider> NewStaticS3Credentials(S3Credentials credentials);
/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN of this process, read at each Get.
std::shared_ptr<S3CredentialsProvider> NewEnvironmentS3Credentials();

struct InstanceRoleOptions {
  /// Of the instance metadata service (version 2 only). Empty: AWS_EC2_METADATA_SERVICE_ENDPOINT, else its fixed
  /// address.
  std::string metadata_endpoint;
  /// Whole URL of the container endpoint. Empty: AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI; when neither is
  /// set, the instance's.
  std::string container_endpoint;
  std::chrono::milliseconds connect_timeout{1'000};
  std::chrono::milliseconds read_timeout{5'000};
  const Clock* clock = nullptr;  ///< As in TransportOptions.
};
/// The role of the container or machine this runs on; kept and renewed five minutes before it ends.
std::shared_ptr<S3CredentialsProvider> NewInstanceRoleS3Credentials(InstanceRoleOptions options = {});
/// Environment, then the instance's role: what applies first.
std::shared_ptr<S3CredentialsProvider> NewDefaultS3Credentials(InstanceRoleOptions options = {});

struct S3Options {
  std::string endpoint;  ///< "https://minio.example.org:9000"; empty: Amazon's for the region.
  std::string region = "us-east-1";
  /// bucket in the path ("endpoint/bucket/key") instead of in the host name. Unset: true with a custom endpoint.
  std::optional<bool> path_style;
  /// Null: requests are not signed (public buckets).
  std::shared_ptr<S3CredentialsProvider> credentials;
  TransportOptions transport;
};

/// Paths: s3://bucket/key, also s3a:// and s3n://. One store serves every bucket its credentials reach.
/// Errors: kInvalidArgument for options that cannot work. Nothing is sent yet.
Result<std::unique_ptr<ObjectStore>> NewS3Store(S3Options options);

// ---- Google Cloud Storage and Azure: tokens ----

struct AccessToken {
  std::string token;
  std::optional<WallTime> expires_at;
};

/// Where bearer tokens come from; as S3CredentialsProvider.
class AccessTokenProvider {
 public:
  virtual ~AccessTokenProvider() = default;
  virtual Result<AccessToken> Get(const RequestContext& ctx) = 0;
  virtual void Invalidate() {}
};

struct TokenRequestOptions {
  /// Where tokens are asked for; empty: the cloud's own (or what the key file says). For tests and private clouds.
  std::string token_endpoint;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds read_timeout{10'000};
  std::string certificate_authority_file;
  const Clock* clock = nullptr;
};

std::shared_ptr<AccessTokenProvider> NewStaticAccessToken(AccessToken token);

/// `json`: the text of a service account's key file. Signs a JWT (RS256) and trades it for a token.
/// Errors: kInvalidArgument for a text that is no such key, without repeating any of it.
Result<std::shared_ptr<AccessTokenProvider>> NewGcsServiceAccount(std::string_view json,
                                                                  TokenRequestOptions options = {});
/// The service account of the machine, from the metadata server (GCE_METADATA_HOST, else its fixed name).
std::shared_ptr<AccessTokenProvider> NewGcsInstanceRole(TokenRequestOptions options = {});
/// The key file that GOOGLE_APPLICATION_CREDENTIALS names, else the machine's service account.
Result<std::shared_ptr<AccessTokenProvider>> NewDefaultGcsCredentials(TokenRequestOptions options = {});

struct GcsOptions {
  std::string endpoint;  ///< Empty: https://storage.googleapis.com
  /// Null: no authorisation (public buckets, emulators).
  std::shared_ptr<AccessTokenProvider> credentials;
  TransportOptions transport;
};

/// Paths: gs://bucket/key, also gcs://. Over the JSON API.
Result<std::unique_ptr<ObjectStore>> NewGcsStore(GcsOptions options);

// ---- Azure Blob Storage ----

struct AzureServicePrincipal {
  std::string tenant_id;
  std::string client_id;
  std::string client_secret;
};
std::shared_ptr<AccessTokenProvider> NewAzureServicePrincipal(AzureServicePrincipal principal,
                                                              TokenRequestOptions options = {});
/// The machine's managed identity, from the instance metadata service (AZURE_POD_IDENTITY_AUTHORITY_HOST, else its fixed
/// address). `client_id` picks one of several; may be empty.
std::shared_ptr<AccessTokenProvider> NewAzureManagedIdentity(std::string client_id = "",
                                                             TokenRequestOptions options = {});

struct AzureOptions {
  /// The storage account. Empty is right only when every path names it (abfss://container@account.…).
  std::string account;
  /// Empty: https://<account>.blob.core.windows.net. A custom one has the account as its path where the service wants
  /// that (Azurite: http://127.0.0.1:10000/devstoreaccount1).
  std::string endpoint;
  // At most one of these three; none: no authorisation (public containers).
  std::string account_key;  ///< Base64, as the portal shows it.
  std::string sas_token;    ///< "sv=…&sig=…", with or without "?".
  std::shared_ptr<AccessTokenProvider> credentials;
  TransportOptions transport;
};

/// Paths: az://container/key, azure://container/key, abfss://container@account.dfs.core.windows.net/key (and abfs,
/// wasbs). A path that names another account than the options is refused: kInvalidArgument.
Result<std::unique_ptr<ObjectStore>> NewAzureStore(AzureOptions options);
/// AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, or
/// AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, else the managed identity, filled into `options`.
/// What `options` has already stays.
Result<void> FillAzureOptionsFromEnvironment(AzureOptions& options);

/// Tries in `directory`, with an object that is deleted again, whether the store lets only one of two writers create an
/// object. One that does not would lose commits. Errors: kNotSupported for that; what else goes wrong as it is, so that
/// it also tells a wrong key or a missing bucket before a table is made.
Result<void> CheckConditionalWrites(ObjectStore& store, const std::string& directory);

// ---- One store for all paths ----

/// What a path says about where it is.
struct ObjectLocation {
  enum class Kind : uint8_t { kLocal, kS3, kGcs, kAzure };
  Kind kind = Kind::kLocal;
  std::string scheme;     ///< As written: "s3a", "abfss"; empty for a local path.
  std::string container;  ///< Bucket or container; empty for a local path.
  std::string account;    ///< Azure, from "container@account.…"; else empty.
  std::string key;        ///< Without a leading slash; for a local path the whole path.
};

/// Errors: kInvalidArgument for an unknown scheme, a missing or malformed bucket, a relative path, "." or ".." as a
/// segment, control characters, a query or user information.
Result<ObjectLocation> ParseObjectLocation(std::string_view path);
/// Whether the path has the scheme of an object store.
bool IsObjectStorePath(std::string_view path);

/// Which store serves a path; called for every call, so it should remember what it made. Thread-safe.
using StoreResolver =
    std::function<Result<std::shared_ptr<ObjectStore>>(const ObjectLocation&, const std::string& path)>;

/// Absolute local paths go to `local`, the rest to what `resolve` gives.
std::unique_ptr<ObjectStore> NewRoutingStore(std::shared_ptr<ObjectStore> local, StoreResolver resolve);

/// For a fixed set: a null store's scheme is kNotSupported.
struct StoresByScheme {
  std::shared_ptr<ObjectStore> s3;
  std::shared_ptr<ObjectStore> gcs;
  std::shared_ptr<ObjectStore> azure;
};
StoreResolver ResolveByScheme(StoresByScheme stores);

}  // namespace neurolake::storage
