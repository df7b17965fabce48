#include "privacy/detector/checks.h"
#include "privacy/detector/internal/growth.h"
#include "privacy/detector/internal/pattern_lists.h"

namespace neurolake::privacy {
namespace {

using enum Entity;

// Forms as their issuers document them: prefixes make most of them certain without any word around them.
constexpr Pattern kSecrets[] = {
    {kAwsAccessKey, R"(\b(AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA)[A-Z2-7]{16}\b)", 5.0, nullptr, 1, false,
     Edges::kFree},
    {kAwsSecretKey, R"((aws|secret|access)[a-z_ ]{0,40}["']?[ :=>]{1,4}["']?[A-Za-z0-9/+]{40})", 3.0,
     checks::AssignedSecret, 0.98, false, Edges::kFree, true},
    {kGcpApiKey, R"(AIza[0-9A-Za-z_-]{35})", 5.0, nullptr, 1, false, Edges::kFree},
    {kGcpApiKey, R"(GOCSPX-[0-9A-Za-z_-]{28})", 5.0, nullptr, 1, false, Edges::kFree},
    {kGcpApiKey, R"(\bya29\.[0-9A-Za-z_-]{20})", 4.0, nullptr, 1, false, Edges::kFree, false, GrowToken},
    {kAzureKey, R"([A-Za-z0-9/+]{86}==)", 2.5, checks::HighEntropy, 0.99, false, Edges::kFree},
    {kAzureKey, R"(\bsig=[A-Za-z0-9%/+]{43})", 3.0, nullptr, 1, false, Edges::kFree, false, GrowToken},
    {kGithubToken, R"(\bgh[pousr]_[A-Za-z0-9]{36}\b)", 3.0, checks::GithubToken, 0.0001, true, Edges::kFree},
    {kGithubToken, R"(\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b)", 5.0, nullptr, 1, false, Edges::kFree},
    {kGitlabToken, R"(gl(pat|ptt|dt|rt|cbt|imt|ft|agent|soat)-[A-Za-z0-9_-]{20})", 5.0, nullptr, 1, false, Edges::kFree,
     false, GrowToken},
    {kSlackToken, R"(xox[abeoprs]-[A-Za-z0-9-]{10})", 5.0, nullptr, 1, false, Edges::kFree, false, GrowToken},
    {kSlackToken, R"(\bxapp-\d-[A-Z0-9]{8,16}-\d{8,16}-[a-f0-9]{64}\b)", 5.0, nullptr, 1, false, Edges::kFree},
    {kSlackToken, R"(https://hooks\.slack\.com/(services|workflows)/[A-Za-z0-9+/]{20})", 6.0, nullptr, 1, false,
     Edges::kFree, false, GrowUrl},
    {kStripeKey, R"(\b[sr]k_(live|test)_[A-Za-z0-9]{16})", 5.0, nullptr, 1, false, Edges::kFree, false, GrowToken},
    {kStripeKey, R"(\bwhsec_[A-Za-z0-9]{32})", 5.0, nullptr, 1, false, Edges::kFree, false, GrowToken},
    {kJwt, R"(\beyJ[A-Za-z0-9_-]{12})", 3.0, checks::Jwt, 0.1, false, Edges::kFree, false, GrowToken},
    {kPrivateKey, R"(-----BEGIN ([A-Z0-9]{2,10} )?(ENCRYPTED )?PRIVATE KEY( BLOCK)?-----)", 7.0, nullptr, 1, false,
     Edges::kFree},
    {kConnectionString, R"([a-z0-9+]://[^\s:/@"'<>]*:[^\s/@"'<>]+@[^\s"'<>])", 4.0, nullptr, 1, false, Edges::kFree,
     true, GrowUrl},
    {kConnectionString, R"(;(password|pwd|accountkey|sharedaccesskey) ?= ?[^;\s"']{4})", 2.0, nullptr, 1, false,
     Edges::kFree, true, GrowValue},
    {kAccessToken, R"(\bnl_[A-Za-z0-9_-]{24})", 3.0, checks::HighEntropy, 0.99, false, Edges::kFree, false, GrowToken},
    {kAccessToken, R"(\bnpm_[A-Za-z0-9]{36}\b)", 5.0, nullptr, 1, false, Edges::kFree},
    {kAccessToken, R"(\bpypi-[A-Za-z0-9_-]{60})", 5.0, nullptr, 1, false, Edges::kFree, false, GrowToken},
    {kAccessToken, R"(\bsk-(ant-|proj-)?[A-Za-z0-9_-]{32})", 4.0, checks::HighEntropy, 0.99, false, Edges::kFree, false,
     GrowToken},
    {kAccessToken, R"(\bhf_[A-Za-z0-9]{34}\b)", 4.5, nullptr, 1, false, Edges::kFree},
    {kAccessToken, R"(SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})", 6.0, nullptr, 1, false, Edges::kFree},
    {kAccessToken, R"(\bhvs\.[A-Za-z0-9_-]{24})", 5.0, nullptr, 1, false, Edges::kFree, false, GrowToken},
    // What is assigned to a name that says secret; the span is the value alone (internal/assigned_value.h).
    {kHighEntropySecret,
     R"((passw(or)?d|passwort|secret|token|api[_ -]?key|access[_ -]?key|auth[_ -]?key|client[_ -]?secret|credentials?)[a-z_]{0,12}["']?( ?[:=]=?>? ?| is )["']?[^\s"',;<>]{8})",
     0.8, checks::AssignedSecret, 0.7, false, Edges::kFree, true, GrowValue},
};

}  // namespace

std::span<const Pattern> SecretPatterns() { return kSecrets; }

}  // namespace neurolake::privacy
