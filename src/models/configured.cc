// From settings to routes.
#include <charconv>
#include <filesystem>
#include <map>

#include "common/text.h"
#include "models/local.h"
#include "models/provider.h"
#include "models/router.h"
#include "net/url.h"

namespace neurolake::models {
namespace {

/// Whether the address is this machine's own.
bool IsHere(const net::Url& url) {
  return url.host == "localhost" || url.host == "::1" || url.host.starts_with("127.");
}

/// Whether what is told to `address` leaves this machine. Errors: kInvalidArgument unless it may.
Result<bool> CheckAddress(std::string_view setting, const std::string& address, const Settings& settings) {
  auto url = net::ParseUrl(address);
  if (!url) return MakeError(ErrorCode::kInvalidArgument, "{} is not an address: {}", setting, url.error().message());
  if (IsHere(*url) && !settings.models_forwarded) return false;
  if (!settings.models_external) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "{} is another machine's, or passes on what it is told, and "
                     "models.external is off: {}",
                     setting, url->Origin());
  }
  if (IsHere(*url)) return true;
  // Prompts hold what tables hold.
  if (!url->tls)
    return MakeError(ErrorCode::kInvalidArgument, "{} must begin with https://: {}", setting, url->Origin());
  return true;
}

Result<std::map<std::string, Price>> PricesFrom(const std::vector<std::string>& entries) {
  std::map<std::string, Price> prices;
  for (const std::string& entry : entries) {
    const size_t equals = entry.rfind('=');
    const size_t slash = equals == std::string::npos ? equals : entry.find('/', equals);
    Price price;
    const auto read = [](std::string_view text, double& value) {
      const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
      return code == std::errc() && end == text.data() + text.size() && value >= 0 && value < 1e6;
    };
    const bool good = slash != std::string::npos &&
                      read(std::string_view(entry).substr(equals + 1, slash - equals - 1), price.input) &&
                      read(std::string_view(entry).substr(slash + 1), price.output);
    if (!good || !prices.emplace(entry.substr(0, equals), price).second) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "models.prices has entries such as openai:NAME=0.15/0.60, each model once, not: {}", entry);
    }
  }
  return prices;
}

LocalOptions LocalFor(const Settings& settings, const std::string& name) {
  std::error_code ignored;
  const std::filesystem::path file(name);
  return {.program =
              settings.models_local_program.empty()
                  ? (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "neurolake-llm").string()
                  : settings.models_local_program,
          .file = file.is_absolute() ? name : (std::filesystem::path(settings.models_local_folder) / file).string(),
          .memory_bytes = settings.models_local_memory,
          .context_tokens = settings.models_local_context,
          .threads = settings.models_local_threads};
}

}  // namespace

Result<std::shared_ptr<RoutedModel>> ModelOf(const Settings& settings, std::string_view setting,
                                             const std::string& full) {
  const size_t colon = full.find(':');
  if (colon == std::string::npos || colon + 1 == full.size()) {
    return MakeError(ErrorCode::kInvalidArgument, "{} names models as PROVIDER:NAME, not: {}", setting, full);
  }
  const std::string provider = full.substr(0, colon);
  const std::string name = full.substr(colon + 1);
  ProviderOptions options{.model = name,
                          .certificate_authority_file = settings.models_certificate_authority,
                          .idle_timeout = settings.models_timeout};
  auto model = std::make_shared<RoutedModel>();
  model->provider = provider;
  model->model = name;
  if (provider == "openai") {
    NL_ASSIGN_OR_RETURN(model->external, CheckAddress("models.openai.url", settings.models_openai_url, settings));
    options.url = settings.models_openai_url;
    options.api_key = settings.models_openai_api_key;
    NL_ASSIGN_OR_RETURN(model->chat, NewOpenAiChat(options));
    NL_ASSIGN_OR_RETURN(model->embeddings, NewOpenAiEmbeddings(options));
    return model;
  }
  if (provider == "anthropic") {
    NL_ASSIGN_OR_RETURN(model->external, CheckAddress("models.anthropic.url", settings.models_anthropic_url, settings));
    options.url = settings.models_anthropic_url;
    options.api_key = settings.models_anthropic_api_key;
    NL_ASSIGN_OR_RETURN(model->chat, NewAnthropicChat(options));
    return model;
  }
  if (provider == "local") {
    auto local = NewLocalModel(LocalFor(settings, name));
    if (!local.has_value()) {
      return MakeError(local.error().code(), "{} names the model local:{}: {}", setting, name, local.error().message());
    }
    model->chat = std::move(local->chat);
    model->embeddings = std::move(local->embeddings);
    return model;
  }
  return MakeError(ErrorCode::kInvalidArgument, "{} names a provider that is not openai, anthropic or local: {}",
                   setting, provider);
}

Result<std::unique_ptr<PromptCache>> PromptCacheFrom(const Settings& settings, metastore::Store& store,
                                                     const Clock& clock) {
  if (settings.models_cache == "memory") return NewMemoryPromptCache(settings.models_cache_bytes);
  if (settings.models_cache == "metastore") return NewStoredPromptCache(store, clock, settings.models_cache_keep);
  return NewRedisPromptCache(settings.models_cache, settings.models_redis_password, clock, settings.models_cache_keep);
}

Result<std::unique_ptr<ModelRouter>> RouterFrom(const Settings& settings, UsageStore& usage, PromptCache* cache,
                                                const Clock& clock, const ModelRights& rights) {
  auto router =
      std::make_unique<ModelRouter>(RouterOptions{.tokens_per_day = settings.models_tokens_per_day,
                                                  .attempts_max = static_cast<int>(settings.models_attempts_max),
                                                  .timeout = settings.models_timeout},
                                    usage, cache, clock, rights);
  NL_ASSIGN_OR_RETURN(const auto prices, PricesFrom(settings.models_prices));
  std::map<std::string, std::shared_ptr<RoutedModel>> models;
  for (const std::string& entry : settings.models_routes) {
    const size_t equals = entry.find('=');
    const size_t colon = equals == std::string::npos ? equals : entry.find(':', equals);
    if (equals == 0 || colon == std::string::npos || colon + 1 == entry.size() ||
        router->HasRoute(entry.substr(0, equals))) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "models.routes has entries such as classify=openai:NAME, each task once, not: {}", entry);
    }
    const std::string full = entry.substr(equals + 1);
    std::shared_ptr<RoutedModel>& model = models[full];
    if (model == nullptr) {
      NL_ASSIGN_OR_RETURN(model, ModelOf(settings, "models.routes", full));
      if (const auto price = prices.find(full); price != prices.end()) model->price = price->second;
    }
    router->AddRoute(entry.substr(0, equals), model);
  }
  return router;
}

}  // namespace neurolake::models
