#include <fstream>
#include <iterator>

#include "common/text.h"
#include "storage/internal/credential_request.h"
#include "storage/internal/renewed.h"
#include "storage/object_store_options.h"

namespace neurolake::storage {
namespace {

using internal::AskForCredentials;
using internal::Environment;
using internal::TextOf;

constexpr std::string_view kInstanceEndpoint = "http://169.254.169.254";
constexpr std::string_view kContainerHost = "http://169.254.170.2";
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";

class StaticCredentials final : public S3CredentialsProvider {
 public:
  explicit StaticCredentials(S3Credentials credentials) : credentials_(std::move(credentials)) {}
  Result<S3Credentials> Get(const RequestContext&) override {
    if (credentials_.access_key_id.empty() || credentials_.secret_access_key.empty()) {
      return MakeError(ErrorCode::kUnauthenticated, "no credentials: the access key or the secret key is empty");
    }
    return credentials_;
  }

 private:
  S3Credentials credentials_;
};

S3Credentials FromEnvironment() {
  return {.access_key_id = Environment("AWS_ACCESS_KEY_ID"),
          .secret_access_key = Environment("AWS_SECRET_ACCESS_KEY"),
          .session_token = Environment("AWS_SESSION_TOKEN"),
          .expires_at = {}};
}

class EnvironmentCredentials final : public S3CredentialsProvider {
 public:
  Result<S3Credentials> Get(const RequestContext&) override {
    S3Credentials credentials = FromEnvironment();
    if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
      return MakeError(ErrorCode::kUnauthenticated,
                       "no credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set");
    }
    return credentials;
  }
};

/// What both endpoints answer: {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}.
Result<S3Credentials> ReadRoleCredentials(std::string_view text, std::string_view source) {
  NL_ASSIGN_OR_RETURN(const auto object, internal::ParseCredentials(text, source));
  S3Credentials credentials{.access_key_id = TextOf(object, "AccessKeyId"),
                            .secret_access_key = TextOf(object, "SecretAccessKey"),
                            .session_token = TextOf(object, "Token"),
                            .expires_at = {}};
  const auto expires = ParseTimestamp(TextOf(object, "Expiration"));
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() || !expires.has_value()) {
    return MakeError(ErrorCode::kUnauthenticated, "no credentials: the answer has no key or no expiration, from {}",
                     source);
  }
  credentials.expires_at = *expires;
  return credentials;
}

class InstanceRole final : public S3CredentialsProvider {
 public:
  explicit InstanceRole(InstanceRoleOptions options)
      : options_(std::move(options)),
        renewed_(options_.clock, [this](const RequestContext& ctx) { return Fetch(ctx); }) {}

  Result<S3Credentials> Get(const RequestContext& ctx) override { return renewed_.Get(ctx); }
  void Invalidate() override { renewed_.Invalidate(); }

 private:
  Result<S3Credentials> Fetch(const RequestContext& ctx) {
    std::string container = options_.container_endpoint;
    if (container.empty()) container = Environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (container.empty() && !Environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").empty()) {
      container = std::string(kContainerHost) + Environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    }
    return container.empty() ? FromInstance(ctx) : FromContainer(ctx, container);
  }

  internal::CredentialTimeouts Timeouts() const {
    return {.connect = options_.connect_timeout, .read = options_.read_timeout, .certificate_authority_file = {}};
  }

  Result<S3Credentials> FromContainer(const RequestContext& ctx, const std::string& url) {
    NL_ASSIGN_OR_RETURN(const net::Url server, net::ParseUrl(url.substr(0, url.find('?'))));
    if (!internal::IsSafeForSecrets(server)) {
      return MakeError(ErrorCode::kUnauthenticated,
                       "no credentials: the container's endpoint must be https or on this machine: {}",
                       server.Origin());
    }
    net::HttpRequest request;
    NL_ASSIGN_OR_RETURN(const std::string token, ContainerToken());
    if (!token.empty()) request.headers.emplace_back("Authorization", token);
    NL_ASSIGN_OR_RETURN(const std::string text, AskForCredentials(ctx, url, std::move(request), Timeouts()));
    return ReadRoleCredentials(text, server.Origin());
  }

  /// Kubernetes rotates the file: it is read each time.
  static Result<std::string> ContainerToken() {
    const std::string file = Environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (file.empty()) return Environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
      return MakeError(ErrorCode::kUnauthenticated,
                       "no credentials: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read");
    }
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    return std::string(Trim(text));
  }

  /// Version 2 only: version 1 answers whoever can make this machine send a GET.
  Result<S3Credentials> FromInstance(const RequestContext& ctx) {
    std::string endpoint = options_.metadata_endpoint;
    if (endpoint.empty()) endpoint = Environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (endpoint.empty()) endpoint = kInstanceEndpoint;
    while (endpoint.ends_with('/')) endpoint.pop_back();
    NL_ASSIGN_OR_RETURN(
        const std::string session,
        AskForCredentials(ctx, endpoint + "/latest/api/token",
                          {.method = "PUT", .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}}},
                          Timeouts()));
    const std::vector<std::pair<std::string, std::string>> headers = {
        {"X-aws-ec2-metadata-token", std::string(Trim(session))}};
    const std::string base = endpoint + std::string(kRolePath);
    NL_ASSIGN_OR_RETURN(const std::string roles, AskForCredentials(ctx, base, {.headers = headers}, Timeouts()));
    const std::string role(Trim(roles.substr(0, roles.find('\n'))));
    if (role.empty()) {
      return MakeError(ErrorCode::kUnauthenticated, "no credentials: the instance has no role, says {}", endpoint);
    }
    NL_ASSIGN_OR_RETURN(const std::string text,
                        AskForCredentials(ctx, base + net::PercentEncode(role), {.headers = headers}, Timeouts()));
    return ReadRoleCredentials(text, endpoint);
  }

  InstanceRoleOptions options_;
  internal::Renewed<S3Credentials> renewed_;
};

class DefaultCredentials final : public S3CredentialsProvider {
 public:
  explicit DefaultCredentials(InstanceRoleOptions options) : role_(std::move(options)) {}
  Result<S3Credentials> Get(const RequestContext& ctx) override {
    S3Credentials credentials = FromEnvironment();
    if (!credentials.access_key_id.empty() && !credentials.secret_access_key.empty()) return credentials;
    auto of_role = role_.Get(ctx);
    if (of_role.has_value() || of_role.error().code() != ErrorCode::kUnauthenticated) return of_role;
    return MakeError(ErrorCode::kUnauthenticated,
                     "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set, and the role of this machine gives "
                     "{}",
                     of_role.error().message());
  }
  void Invalidate() override { role_.Invalidate(); }

 private:
  InstanceRole role_;
};

}  // namespace

std::shared_ptr<S3CredentialsProvider> NewStaticS3Credentials(S3Credentials credentials) {
  return std::make_shared<StaticCredentials>(std::move(credentials));
}
std::shared_ptr<S3CredentialsProvider> NewEnvironmentS3Credentials() {
  return std::make_shared<EnvironmentCredentials>();
}
std::shared_ptr<S3CredentialsProvider> NewInstanceRoleS3Credentials(InstanceRoleOptions options) {
  return std::make_shared<InstanceRole>(std::move(options));
}
std::shared_ptr<S3CredentialsProvider> NewDefaultS3Credentials(InstanceRoleOptions options) {
  return std::make_shared<DefaultCredentials>(std::move(options));
}

}  // namespace neurolake::storage
