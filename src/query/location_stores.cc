#include "query/location_stores.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "common/text.h"
#include "query/messages.h"
#include "storage/object_store_options.h"
#include "storage/path.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::CredentialRecord;
using storage::SecretBox;

constexpr size_t kClientsMax = 32;
constexpr std::string_view kActions[] = {"create_credential", "drop_credential", "list_credentials",
                                         "rotate_credential_key"};

/// What a sealed secret belongs to: whoever changes the endpoint in the metadata store does not get the secret sent
/// there.
std::string AboutOf(const CredentialRecord& record) {
  return json::serialize(json::array{record.name, record.kind, record.source, record.options});
}

}  // namespace

Result<SecretBox> LocationStores::OpenBox() const {
  return keys_.text.empty() ? SecretBox::FromFile(keys_.file) : SecretBox::FromText(keys_.text);
}

Result<SecretBox> LocationStores::OpenOrMakeBox() const {
  auto box = OpenBox();
  if (box.has_value() || !keys_.text.empty() || box.error().code() != ErrorCode::kNotFound) return box;
  // A lake that lost its key must not go on with another one unnoticed.
  NL_ASSIGN_OR_RETURN(const auto known, catalog_.ListCredentials());
  if (!known.empty()) return box;
  NL_RETURN_IF_ERROR(SecretBox::WriteFile(keys_.file, {SecretBox::NewKey()}));
  return OpenBox();
}

Result<StoreAccess> LocationStores::Unseal(const CredentialRecord& record) const {
  StoreAccess access{.prefix = "", .kind = record.kind, .source = record.source, .options = {}};
  NL_ASSIGN_OR_RETURN(const json::object shown, ParseObject(record.options));
  for (const auto& [name, value] : shown) access.options[std::string(name)] = value.as_string();
  NL_ASSIGN_OR_RETURN(const SecretBox box, OpenBox());
  NL_ASSIGN_OR_RETURN(const std::string text, box.Open(record.sealed, AboutOf(record), record.key_id));
  NL_ASSIGN_OR_RETURN(const json::object secrets, ParseObject(text));
  for (const auto& [name, value] : secrets) access.options[std::string(name)] = value.as_string();
  return access;
}

Result<StoreAccess> LocationStores::UnsealNamed(const std::string& credential) const {
  NL_ASSIGN_OR_RETURN(const auto credentials, catalog_.ListCredentials());
  const auto record = std::ranges::find(credentials, LowerAscii(credential), &CredentialRecord::name);
  if (record == credentials.end()) {
    return MakeError(ErrorCode::kNotFound, "there is no such credential: {}", credential);
  }
  return Unseal(*record);
}

Result<StoreAccess> LocationStores::AccessBy(const std::string& credential) const {
  auto access = UnsealNamed(credential);
  // The key may have been exchanged between the two looks, at the record and at the file: the next ones agree.
  if (!access.has_value() && access.error().code() == ErrorCode::kNotFound) access = UnsealNamed(credential);
  if (access.has_value()) NL_RETURN_IF_ERROR(ResolveEnvironment(*access));
  return access;
}

Result<std::shared_ptr<storage::ObjectStore>> LocationStores::ClientBy(const std::string& credential) {
  NL_ASSIGN_OR_RETURN(const StoreAccess access, AccessBy(credential));
  return ClientFor(access);
}

Result<void> LocationStores::CheckPlace(const RequestContext& ctx, const std::string& url,
                                        const std::string& credential) {
  NL_ASSIGN_OR_RETURN(const std::string kind, StoreKindOf(url));
  NL_ASSIGN_OR_RETURN(const StoreAccess access, AccessBy(credential));
  if (access.kind != kind) {
    return MakeError(ErrorCode::kInvalidArgument, "the credential is one for {}, the URL needs one for {}", access.kind,
                     kind);
  }
  NL_ASSIGN_OR_RETURN(const std::string place, storage::NormalUrl(url));
  NL_ASSIGN_OR_RETURN(const auto client, ClientFor(access));
  return storage::CheckConditionalWrites(*client->For(ctx), place);
}

std::string LocationStores::AccountOf(const storage::ObjectLocation& at, const std::string& credential) const {
  if (!at.account.empty()) return at.account;
  const auto access = AccessBy(credential);
  if (!access.has_value()) return {};
  const auto account = access->options.find("account");
  return account == access->options.end() ? "" : LowerAscii(account->second);
}

bool LocationStores::IsOneWrittenTwice(const AzurePlace& one, const AzurePlace& other) const {
  if (one.at.container != other.at.container || one.at.account.empty() == other.at.account.empty()) return false;
  // Absolute, so that the container itself is above all of its keys.
  const std::string key = "/" + one.at.key, other_key = "/" + other.at.key;
  if (!storage::IsBelow(key, other_key) && !storage::IsBelow(other_key, key)) return false;
  const std::string account = AccountOf(one.at, one.credential);
  const std::string other_account = AccountOf(other.at, other.credential);
  return account.empty() || other_account.empty() || account == other_account;
}

std::optional<LocationStores::AzurePlace> LocationStores::AzurePlaceOf(const std::string& place,
                                                                       const std::string& credential) {
  auto at = storage::ParseObjectLocation(storage::NormalPath(place));
  if (!at || at->kind != storage::ObjectLocation::Kind::kAzure) return std::nullopt;
  return AzurePlace{*std::move(at), credential};
}

Result<void> LocationStores::ReservePlace(const std::string& place, const std::string& credential) {
  NL_RETURN_IF_ERROR(catalog_.ReservePlace(place));
  reserved_ = AzurePlaceOf(place, credential);
  if (!reserved_) return {};
  NL_ASSIGN_OR_RETURN(const auto locations, catalog_.ListExternalLocations());
  for (const auto& location : locations) {
    const auto other = AzurePlaceOf(location.path, location.credential);
    if (!other || !IsOneWrittenTwice(*reserved_, *other)) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     "statements read what is in an external location, which this is inside or around, {}, written {} "
                     "the storage account: {}",
                     location.name, other->at.account.empty() ? "without" : "with", place);
  }
  return {};
}

Result<void> LocationStores::CheckSpelling(const std::string& url, const std::string& credential) {
  NL_RETURN_IF_ERROR(storage::NormalUrl(url));
  const auto place = AzurePlaceOf(url, credential);
  if (!place) return {};
  if (reserved_ && IsOneWrittenTwice(*place, *reserved_)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a location must be neither inside nor around the archive of the audit log (audit.archive), also "
                     "where that is written {} the storage account",
                     reserved_->at.account.empty() ? "without" : "with");
  }
  NL_ASSIGN_OR_RETURN(const auto locations, catalog_.ListExternalLocations());
  for (const auto& location : locations) {
    const auto other = AzurePlaceOf(location.path, location.credential);
    if (!other || !IsOneWrittenTwice(*place, *other)) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     "the external location {} is the same place or one around or inside of it, written {} the storage "
                     "account: write both in one way, {}",
                     location.name, other->at.account.empty() ? "without" : "with",
                     "as az://container/… or as abfss://container@account.dfs.core.windows.net/…");
  }
  return {};
}

Result<StoreAccess> LocationStores::AccessTo(const std::string& url) {
  NL_ASSIGN_OR_RETURN(const auto locations, catalog_.ListExternalLocations());
  const catalog::ExternalLocation* innermost = nullptr;
  std::string prefix;
  for (const auto& location : locations) {
    if (!storage::IsUrl(location.path)) continue;
    std::string place = storage::NormalPath(location.path);
    if (!storage::IsBelow(url, place)) continue;
    // By the one spelling: how long it was written says nothing.
    if (innermost != nullptr && place.size() <= prefix.size()) continue;
    innermost = &location;
    prefix = std::move(place);
  }
  if (innermost == nullptr) {
    return MakeError(ErrorCode::kPermissionDenied, "no external location has this place: {}", url);
  }
  NL_ASSIGN_OR_RETURN(StoreAccess access, AccessBy(innermost->credential));
  access.prefix = std::move(prefix);
  return access;
}

Result<std::shared_ptr<storage::ObjectStore>> LocationStores::ClientFor(const StoreAccess& access) {
  StoreAccess anywhere = access;
  anywhere.prefix.clear();
  const std::string key = json::serialize(Encode(anywhere));
  std::lock_guard lock(clients_mutex_);
  const auto known =
      std::ranges::find(clients_, key, [](const auto& client) -> const std::string& { return client.first; });
  if (known != clients_.end()) return known->second;
  NL_ASSIGN_OR_RETURN(std::shared_ptr<storage::ObjectStore> client, OpenStore(access));
  if (clients_.size() >= kClientsMax) clients_.erase(clients_.begin());
  clients_.emplace_back(key, client);
  return client;
}

void LocationStores::Begin(StatementStores& stores, const RequestContext* ctx) {
  stores.Begin(
      ctx, [this](const std::string& url) { return AccessTo(url); },
      [this](const StoreAccess& access) { return ClientFor(access); });
}

Result<void> LocationStores::CreateCredential(const std::string& name, const StoreAccess& access, WallTime now,
                                              bool or_replace) {
  NL_RETURN_IF_ERROR(CheckCredentialOptions(access.kind, access.source, access.options));
  std::lock_guard lock(keys_mutex_);
  CredentialRecord record{.name = LowerAscii(name),
                          .kind = access.kind,
                          .source = access.source,
                          .options = {},
                          .sealed = {},
                          .key_id = {},
                          .created = now};
  json::object shown, secrets;
  for (const auto& [option, value] : access.options) {
    (FindCredentialOption(access.kind, option)->secret ? secrets : shown)[option] = value;
  }
  record.options = json::serialize(shown);
  // Options that no store takes are refused now, not when the first statement comes.
  if (access.source != "environment") {
    const auto client = OpenStore(access);
    if (!client.has_value()) return std::unexpected(client.error());
  }
  NL_ASSIGN_OR_RETURN(const SecretBox box, OpenOrMakeBox());
  NL_ASSIGN_OR_RETURN(record.sealed, box.Seal(json::serialize(secrets), AboutOf(record)));
  record.key_id = box.key_id();
  return catalog_.AddCredential(record, or_replace);
}

Result<int64_t> LocationStores::RotateKey() {
  std::lock_guard lock(keys_mutex_);
  NL_ASSIGN_OR_RETURN(const SecretBox old_box, OpenOrMakeBox());
  std::vector<std::string> keys = old_box.KeyTexts();
  const bool in_file = keys_.text.empty();
  if (in_file) {
    keys.insert(keys.begin(), SecretBox::NewKey());
    NL_RETURN_IF_ERROR(SecretBox::WriteFile(keys_.file, keys));
  }
  NL_ASSIGN_OR_RETURN(const SecretBox box, OpenBox());
  NL_ASSIGN_OR_RETURN(const int64_t changed, catalog_.ChangeCredentials([&](CredentialRecord& record) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const std::string secret, box.Open(record.sealed, AboutOf(record), record.key_id));
    NL_ASSIGN_OR_RETURN(record.sealed, box.Seal(secret, AboutOf(record)));
    record.key_id = box.key_id();
    return {};
  }));
  if (in_file) NL_RETURN_IF_ERROR(SecretBox::WriteFile(keys_.file, {keys.front()}));
  return changed;
}

bool IsCredentialAction(std::string_view action) { return std::ranges::find(kActions, action) != std::end(kActions); }

Result<json::value> RunCredentialAction(const RequestContext& ctx, catalog::Catalog& catalog, LocationStores& stores,
                                        const std::string& action, const json::object& arguments) {
  if (!ctx.principal().Has(Right::kManage)) {
    return MakeError(ErrorCode::kPermissionDenied, "credentials need the right to manage the lake");
  }
  if (action == "create_credential") {
    NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
    NL_ASSIGN_OR_RETURN(const bool or_replace, BoolMember(arguments, "or_replace"));
    NL_ASSIGN_OR_RETURN(const bool if_not_exists, BoolMember(arguments, "if_not_exists"));
    NL_ASSIGN_OR_RETURN(const StoreAccess access, DecodeStoreAccess(arguments));
    const auto made = stores.CreateCredential(name, access, ctx.clock().Now(), or_replace);
    if (!made && !(if_not_exists && made.error().code() == ErrorCode::kAlreadyExists)) {
      return std::unexpected(made.error());
    }
    return json::value(json::object());
  }
  if (action == "drop_credential") {
    NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
    NL_ASSIGN_OR_RETURN(const bool if_exists, BoolMember(arguments, "if_exists"));
    const auto dropped = catalog.DropCredential(name);
    if (!dropped && !(if_exists && dropped.error().code() == ErrorCode::kNotFound)) {
      return std::unexpected(dropped.error());
    }
    return json::value(json::object());
  }
  if (action == "rotate_credential_key") {
    NL_ASSIGN_OR_RETURN(const int64_t changed, stores.RotateKey());
    return json::value{{"credentials", changed}};
  }
  NL_ASSIGN_OR_RETURN(const auto credentials, catalog.ListCredentials());
  json::array rows;
  for (const auto& one : credentials) {
    rows.push_back({{"name", one.name},
                    {"kind", one.kind},
                    {"source", one.source},
                    {"options", one.options},
                    {"key_id", one.key_id},
                    {"created_us", one.created.time_since_epoch().count()}});
  }
  return json::value{{"credentials", std::move(rows)}};
}

}  // namespace neurolake::query
