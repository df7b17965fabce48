#include "query/key_store.h"

#include <algorithm>
#include <charconv>

#include "common/log.h"
#include "common/text.h"
#include "governance/effective_policy.h"
#include "privacy/format_preserving.h"
#include "privacy/local_keyring.h"
#include "privacy/text_mask.h"
#include "privacy/vault_transit.h"
#include "query/policy_actions.h"

namespace neurolake::query {
namespace {

using catalog::DataKeyRecord;
using catalog::DataKeyVersion;
using privacy::DataKeyName;

constexpr std::string_view kMaskPurpose = "mask";

DataKeyName NameOf(const DataKeyRecord& key, int64_t version) {
  return {.id = key.id, .purpose = key.purpose, .version = static_cast<uint32_t>(version)};
}

privacy::WrappedKey WrappedOf(const DataKeyVersion& version) {
  return {.service = version.service, .key_id = version.wrapping_key, .text = version.wrapped};
}

DataKeyVersion VersionOf(int64_t number, const privacy::WrappedKey& wrapped, WallTime now) {
  return {.version = number,
          .service = wrapped.service,
          .wrapping_key = wrapped.key_id,
          .wrapped = wrapped.text,
          .created = now};
}

template <typename T>
Result<std::string> NumberToken(const privacy::SecretKey& key, const std::string& id, const std::string& value) {
  T number = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (problem != std::errc() || end != value.data() + value.size()) {
    return MakeError(ErrorCode::kInvalidArgument, "the value of lookup_token() is not of its type");
  }
  NL_ASSIGN_OR_RETURN(auto permutation, privacy::NumberPermutation::Make(key, id, 8 * sizeof(T)));
  using Bits = std::make_unsigned_t<T>;
  return std::to_string(static_cast<T>(static_cast<Bits>(permutation.Encrypt(static_cast<Bits>(number)))));
}

}  // namespace

Result<std::shared_ptr<const privacy::SecretKey>> KeyStore::OpenNewest(const RequestContext& ctx,
                                                                       const DataKeyRecord& key) {
  const DataKeyVersion& newest = key.versions.back();
  return keys_->Open(ctx, NameOf(key, newest.version), WrappedOf(newest));
}

Result<std::vector<plan::PolicyKey>> KeyStore::Open(const RequestContext& ctx,
                                                    const std::vector<plan::PolicyKeyName>& names) {
  std::vector<plan::PolicyKey> open;
  for (const auto& name : names) {
    NL_ASSIGN_OR_RETURN(const auto key, catalog_.FindDataKeyById(name.id));
    plan::PolicyKey& opened = open.emplace_back();
    opened.name = name.name;
    opened.id = name.id;
    if (!key) {
      opened.problem = Error(ErrorCode::kCorruption, "a policy names a key that is not there: " + name.name);
      continue;
    }
    const auto secret = OpenNewest(ctx, *key);
    if (secret) {
      opened.bytes = (*secret)->view();
    } else {
      opened.problem = secret.error();
    }
  }
  return open;
}

Result<std::vector<KeyStore::OpenVersion>> KeyStore::OpenVersions(const RequestContext& ctx, const DataKeyRecord& key) {
  std::vector<OpenVersion> open;
  for (const DataKeyVersion& version : key.versions) {
    NL_ASSIGN_OR_RETURN(auto secret, keys_->Open(ctx, NameOf(key, version.version), WrappedOf(version)));
    open.push_back({.version = static_cast<uint32_t>(version.version), .key = std::move(secret)});
  }
  return open;
}

Result<void> KeyStore::Create(const RequestContext& ctx, const std::string& name) {
  std::lock_guard lock(changes_);
  NL_ASSIGN_OR_RETURN(const auto taken, catalog_.FindDataKey(name));
  if (taken) return MakeError(ErrorCode::kAlreadyExists, "there is a key of this name already: {}", taken->name);
  DataKeyRecord key{.id = NewUuid(),
                    .name = name,
                    .purpose = std::string(kMaskPurpose),
                    .created_by = ctx.principal().name,
                    .created = ctx.clock().Now(),
                    .versions = {}};
  NL_ASSIGN_OR_RETURN(const auto wrapped, keys_->Make(ctx, NameOf(key, 1)));
  key.versions.push_back(VersionOf(1, wrapped, key.created));
  return catalog_.AddDataKey(key);
}

Result<int64_t> KeyStore::Rotate(const RequestContext& ctx, const std::string& name) {
  std::lock_guard lock(changes_);
  NL_ASSIGN_OR_RETURN(const auto key, catalog_.FindDataKey(name));
  if (!key) return MakeError(ErrorCode::kNotFound, "there is no such key: {}", name);
  const int64_t next = key->versions.back().version + 1;
  NL_ASSIGN_OR_RETURN(const auto wrapped, keys_->Make(ctx, NameOf(*key, next)));
  NL_RETURN_IF_ERROR(catalog_.AddDataKeyVersion(key->id, VersionOf(next, wrapped, ctx.clock().Now())));
  return next;
}

Result<void> KeyStore::Drop(const std::string& name) {
  NL_RETURN_IF_ERROR(catalog_.DropDataKey(name));
  keys_->Forget();
  return {};
}

Result<int64_t> KeyStore::Rewrap(const RequestContext& ctx) {
  std::lock_guard lock(changes_);
  return RewrapAll(ctx);
}

Result<int64_t> KeyStore::RewrapAll(const RequestContext& ctx) {
  NL_ASSIGN_OR_RETURN(const auto keys, catalog_.ListDataKeys());
  int64_t changed = 0;
  for (const DataKeyRecord& key : keys) {
    for (const DataKeyVersion& version : key.versions) {
      NL_ASSIGN_OR_RETURN(const auto wrapped, keys_->Rewrap(ctx, NameOf(key, version.version), WrappedOf(version)));
      if (wrapped.text == version.wrapped) continue;
      NL_RETURN_IF_ERROR(
          catalog_.RewrapDataKey(key.id, version.wrapped, VersionOf(version.version, wrapped, version.created)));
      ++changed;
    }
  }
  return changed;
}

Result<int64_t> KeyStore::RotateMaster(const RequestContext& ctx) {
  std::lock_guard lock(changes_);
  NL_RETURN_IF_ERROR(keys_->RotateService(ctx));
  NL_ASSIGN_OR_RETURN(const int64_t changed, RewrapAll(ctx));
  NL_RETURN_IF_ERROR(keys_->RetireService(ctx));
  return changed;
}

Result<std::string> KeyStore::TokenOf(const privacy::SecretKey& key, const std::string& id,
                                      const Question& question) const {
  if (question.type == "integer") return NumberToken<int32_t>(key, id, question.value);
  if (question.type == "bigint") return NumberToken<int64_t>(key, id, question.value);
  if (question.type != "varchar") {
    return MakeError(ErrorCode::kInvalidArgument, "lookup_token() takes a text, an INTEGER or a BIGINT");
  }
  std::string token;
  NL_CHECK(privacy::NewTokenMask(key, id)->Apply(question.value, token));
  return token;
}

Result<std::string> KeyStore::LookUp(const RequestContext& ctx, const StatementId& statement,
                                     const Question& question) {
  NL_ASSIGN_OR_RETURN(const auto key, catalog_.FindDataKey(question.key));
  bool may = false;
  if (key) {
    NL_ASSIGN_OR_RETURN(may, MayUseKey(catalog_, ctx.principal(), key->id, "lookup"));
  }
  if (!may) {
    return MakeError(ErrorCode::kNotFound, "key does not exist or its tokens may not be asked for: {}", question.key);
  }
  NL_ASSIGN_OR_RETURN(const auto secret, OpenNewest(ctx, *key));
  NL_ASSIGN_OR_RETURN(std::string token, TokenOf(*secret, key->id, question));
  NL_RETURN_IF_ERROR(RecordLookup(ctx, statement, key->id, token));
  return token;
}

Result<void> KeyStore::RecordLookup(const RequestContext& ctx, const StatementId& statement, const std::string& key_id,
                                    const std::string& token) {
  return catalog_.RecordLookup({.at = ctx.clock().Now(),
                                // Nobody gets more of them by agents.
                                .principal_id = ctx.principal().owner().value(),
                                .principal = ctx.principal().name,
                                .key_id = key_id,
                                .token = token,
                                .statement = statement},
                               ctx.clock().Now() - std::chrono::hours(1), options_.lookups_per_hour);
}

std::vector<plan::PolicyKeyName> KeysOf(const plan::TablePolicy& policy) {
  std::vector<plan::PolicyKeyName> names;
  const auto add = [&](const plan::PolicyExpression& expression) {
    for (const auto& key : expression.keys) {
      if (std::ranges::find(names, key.id, &plan::PolicyKeyName::id) == names.end()) names.push_back(key);
    }
  };
  for (const auto* list :
       {&policy.permissive, &policy.restrictive, &policy.permissive_checks, &policy.restrictive_checks}) {
    std::ranges::for_each(*list, add);
  }
  for (const auto* lists : {&policy.any_of, &policy.any_of_checks}) {
    for (const auto& list : *lists) std::ranges::for_each(list, add);
  }
  for (const auto& mask : policy.masks) add(mask.value);
  return names;
}

Result<bool> MayUseKey(catalog::Catalog& catalog, const Principal& principal, const std::string& key_id,
                       std::string_view privilege) {
  // Keys are the whole lake's.
  if (principal.schemas) return false;
  if (principal.on_behalf_of != nullptr) {
    NL_ASSIGN_OR_RETURN(const bool they_may, MayUseKey(catalog, *principal.on_behalf_of, key_id, privilege));
    if (!they_may) return false;
  }
  NL_ASSIGN_OR_RETURN(const auto subject, SubjectOf(catalog, principal));
  NL_ASSIGN_OR_RETURN(const auto grants, catalog.ListDataKeyGrants(key_id));
  bool granted = (privilege == "usage" || privilege == "encrypt") && principal.Has(Right::kManage);
  for (const auto& grant : grants) {
    using enum governance::Grantee::Kind;
    const auto kind = grant.grantee_kind == "user"    ? kUser
                      : grant.grantee_kind == "group" ? kGroup
                      : grant.grantee_kind == "role"  ? kRole
                                                      : kPublic;
    if (grant.privilege != privilege || !governance::Names({{kind, grant.grantee_id}}, subject)) continue;
    if (grant.denied) return false;
    granted = true;
  }
  return granted;
}

Result<std::unique_ptr<privacy::DataKeys>> MakeDataKeys(const Settings& settings, const std::string& lake_directory,
                                                        catalog::Catalog& catalog) {
  std::vector<std::unique_ptr<privacy::KeyService>> services;
  if (settings.keys_service == "vault") {
    NL_ASSIGN_OR_RETURN(auto vault, privacy::VaultTransit::Make(
                                        {.address = settings.keys_vault_address,
                                         .mount = settings.keys_vault_mount,
                                         .key = settings.keys_vault_key,
                                         .token = settings.keys_vault_token,
                                         .token_file = settings.keys_vault_token_file,
                                         .name_space = settings.keys_vault_namespace,
                                         .certificate_authority_file = settings.keys_vault_certificate_authority,
                                         .allow_plain_http = settings.keys_vault_plain_http}));
    services.push_back(std::move(vault));
  }
  privacy::KeyringProtection protection{.passphrase = settings.keys_passphrase,
                                        .wrapping_key = settings.keys_wrapping_key};
  const privacy::KeyringProtection before{.passphrase = settings.keys_previous_passphrase,
                                          .wrapping_key = settings.keys_previous_wrapping_key};
  if (!protection.passphrase.empty() && !protection.wrapping_key.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "keys.passphrase and keys.wrapping_key protect the keyring, one of them");
  }
  const auto nothing_wrapped = [&catalog]() -> Result<bool> {
    NL_ASSIGN_OR_RETURN(const auto keys, catalog.ListDataKeys());
    return std::ranges::none_of(keys, [](const DataKeyRecord& key) {
      return std::ranges::any_of(key.versions, [](const auto& one) { return one.service == "local"; });
    });
  };
  auto keyring =
      std::make_unique<privacy::LocalKeyring>(lake_directory + "/keyring", std::move(protection), nothing_wrapped);
  if (settings.keys_protect_keyring) NL_RETURN_IF_ERROR(keyring->ProtectPlain());
  if (!before.none()) NL_RETURN_IF_ERROR(keyring->ProtectAnew(before));
  services.push_back(std::move(keyring));
  return std::make_unique<privacy::DataKeys>(std::move(services));
}

}  // namespace neurolake::query
