#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/settings.h"
#include "models/breaker.h"
#include "models/chat.h"
#include "models/model_rights.h"
#include "models/prompt_cache.h"
#include "models/usage_store.h"

namespace neurolake::models {

/// Dollars for a million tokens.
struct Price {
  double input = 0;
  double output = 0;
};

/// A model that tasks are given to.
struct RoutedModel {
  std::string provider;  ///< "openai", "anthropic", "local".
  std::string model;
  std::unique_ptr<ChatModel> chat;             ///< Null: it does not chat.
  std::unique_ptr<EmbeddingModel> embeddings;  ///< Null: it makes no vectors.
  Price price;
  bool external = false;  ///< What it is told leaves this machine.
};

struct RouterOptions {
  int64_t tokens_per_day = 0;  ///< Of a principal.
  int attempts_max = 3;
  std::chrono::milliseconds timeout{60'000};  ///< Of one attempt.
  std::chrono::milliseconds backoff{500};     ///< Before the second attempt; doubled before each further one.
  std::chrono::milliseconds backoff_max{20'000};
  Breaker::Options breaker = {};
  /// Waits between attempts; chance in [0, 1). For tests.
  std::function<Result<void>(const RequestContext&, std::chrono::milliseconds)> wait = nullptr;
  std::function<double()> chance = nullptr;
};

/// Which model does what, for whom, and for how much: routes, budgets, attempts, breakers, costs, kept answers and the
/// log of calls, around models. Nothing is configured unless somebody does. Thread-safe.
class ModelRouter {
 public:
  /// Borrows all; `cache` may be null.
  ModelRouter(RouterOptions options, UsageStore& usage, PromptCache* cache, const Clock& clock,
              const ModelRights& rights);
  ~ModelRouter();

  /// Before it is used: gives a task, such as "classify", to a model. Several tasks may share one.
  void AddRoute(const std::string& task, std::shared_ptr<RoutedModel> model);
  bool HasRoute(std::string_view task) const { return routes_.contains(task); }
  /// The model that does the task; null: none.
  const RoutedModel* ModelFor(std::string_view task) const;

  /// Whether the task has a model that the caller may execute. What cannot be found out is no.
  bool MayUse(const RequestContext& ctx, std::string_view task) const;

  /// Errors: kNotSupported when no model is configured for the task, or the caller may not execute it, which look the
  /// same, before anything is kept, counted or sent; kTooManyRequests when the principal's tokens of
  /// the day are used up; else the last attempt's. A call that streams is not repeated once a piece of it was given
  /// away.
  Result<ChatAnswer> Chat(const RequestContext& ctx, std::string_view task, const ChatRequest& request,
                          const OnText& on_text = nullptr);
  Result<Embeddings> Embed(const RequestContext& ctx, std::string_view task, const std::vector<std::string>& texts);

 private:
  struct Route;
  struct Call;
  Result<Route*> Find(const RequestContext& ctx, std::string_view task) const;
  /// Reserves, attempts until one succeeds or it is no use, settles and records.
  Result<void> Run(const RequestContext& ctx, Route& route, Call& call,
                   const std::function<Result<TokenUsage>(const RequestContext&)>& attempt);
  Result<TokenUsage> Attempt(const RequestContext& ctx, Route& route, Call& call,
                             const std::function<Result<TokenUsage>(const RequestContext&)>& attempt);
  std::chrono::milliseconds WaitBefore(int attempt, const Error& last) const;

  const RouterOptions options_;
  UsageStore& usage_;
  PromptCache* const cache_;
  const Clock& clock_;
  const ModelRights& rights_;
  std::map<std::string, std::shared_ptr<Route>, std::less<>> routes_;
  std::map<const RoutedModel*, std::shared_ptr<Route>> by_model_;
};

/// The model that `setting` names as PROVIDER:NAME, where the models.* settings say. Errors: as RouterFrom.
Result<std::shared_ptr<RoutedModel>> ModelOf(const Settings& settings, std::string_view setting,
                                             const std::string& full);

/// The routes of the models.* settings; without any, a router that knows no task. Errors: kInvalidArgument naming the
/// setting, and for an address elsewhere unless models.external is on.
Result<std::unique_ptr<ModelRouter>> RouterFrom(const Settings& settings, UsageStore& usage, PromptCache* cache,
                                                const Clock& clock, const ModelRights& rights);

}  // namespace neurolake::models
