#include "models/router.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <random>

#include "common/log.h"
#include "common/text.h"

namespace neurolake::models {

struct ModelRouter::Route {
  std::shared_ptr<RoutedModel> model;
  Breaker breaker;
};

/// What is known of a call on its way.
struct ModelRouter::Call {
  std::string task;
  std::string prompt_sha256;
  int64_t tokens_estimated = 0;  ///< All that it may use.
  int64_t input_estimated = 0;
  const bool* given_away = nullptr;  ///< Whether a piece of the answer has been: then nothing is repeated.
  int attempts = 0;
};

namespace {

/// What an answer depends on. Texts go in with their lengths: no two requests are one text.
std::string Digest(const RoutedModel& model, const ChatRequest& request) {
  std::string text;
  const auto add = [&](std::string_view part) { text += fmt::format("{}:{},", part.size(), part); };
  add(model.provider);
  add(model.model);
  add(request.output_schema_json);
  add(fmt::format("{} {}", request.output_tokens_max, request.temperature));
  for (const Message& message : request.messages) {
    add(fmt::format("{}", static_cast<int>(message.role)));
    add(message.text);
    add(message.tool_use_id);
    for (const ToolUse& use : message.tool_uses) add(use.id + "\n" + use.name + "\n" + use.arguments_json);
  }
  for (const ToolDefinition& tool : request.tools) add(tool.name + "\n" + tool.description + "\n" + tool.schema_json);
  return Sha256Hex(text);
}

/// Only whole answers without uses of tools are kept.
std::string Encode(const ChatAnswer& answer) {
  return boost::json::serialize(boost::json::object{{"text", answer.text}, {"model", answer.model}});
}

ChatAnswer Decode(const std::string& json) {
  const boost::json::object object = boost::json::parse(json).as_object();
  ChatAnswer answer;
  answer.text = object.at("text").as_string();
  answer.model = object.at("model").as_string();
  answer.usage.known = true;
  return answer;
}

bool IsWorthRepeating(ErrorCode code) { return code == ErrorCode::kUnavailable || code == ErrorCode::kTooManyRequests; }

double Chance() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

int64_t CostOf(const Price& price, const TokenUsage& usage) {
  // Dollars for a million tokens are thousands of nanodollars for one.
  const double dollars =
      price.input * static_cast<double>(usage.input) + price.output * static_cast<double>(usage.output);
  return std::llround(dollars * 1000);
}

}  // namespace

ModelRouter::ModelRouter(RouterOptions options, UsageStore& usage, PromptCache* cache, const Clock& clock,
                         const ModelRights& rights)
    : options_([&] {
        if (!options.wait)
          options.wait = [](const RequestContext& ctx, std::chrono::milliseconds time) { return ctx.SleepFor(time); };
        if (!options.chance) options.chance = Chance;
        return std::move(options);
      }()),
      usage_(usage),
      cache_(cache),
      clock_(clock),
      rights_(rights) {}

ModelRouter::~ModelRouter() = default;

void ModelRouter::AddRoute(const std::string& task, std::shared_ptr<RoutedModel> model) {
  std::shared_ptr<Route>& route = by_model_[model.get()];
  if (route == nullptr) route = std::shared_ptr<Route>(new Route{model, Breaker(clock_, options_.breaker)});
  routes_[task] = route;
}

Result<ModelRouter::Route*> ModelRouter::Find(const RequestContext& ctx, std::string_view task) const {
  const auto found = routes_.find(task);
  bool may = false;
  if (found != routes_.end()) {
    const RoutedModel& model = *found->second->model;
    NL_ASSIGN_OR_RETURN(may, rights_.MayExecute(ctx, model.provider + ":" + model.model));
  }
  if (!may) {
    return MakeError(ErrorCode::kNotSupported,
                     "no model that you may execute is configured for this; models.routes gives one to the task, and "
                     "GRANT EXECUTE ON MODEL lets it be called: {}",
                     task);
  }
  return found->second.get();
}

bool ModelRouter::MayUse(const RequestContext& ctx, std::string_view task) const { return Find(ctx, task).has_value(); }
const RoutedModel* ModelRouter::ModelFor(std::string_view task) const {
  const auto found = routes_.find(task);
  return found == routes_.end() ? nullptr : found->second->model.get();
}

std::chrono::milliseconds ModelRouter::WaitBefore(int attempt, const Error& last) const {
  for (const auto& [name, value] : last.details()) {
    if (name != "retry_after") continue;
    int64_t seconds = 0;
    std::from_chars(value.data(), value.data() + value.size(), seconds);
    return std::min<std::chrono::milliseconds>(std::chrono::seconds(seconds), options_.backoff_max);
  }
  // All of it by chance: those that failed together do not come back together.
  const int64_t doubled = options_.backoff.count() << std::min(attempt - 1, 20);
  const auto most = static_cast<double>(std::min<int64_t>(doubled, options_.backoff_max.count()));
  return std::chrono::milliseconds(static_cast<int64_t>(most * options_.chance()));
}

Result<TokenUsage> ModelRouter::Attempt(const RequestContext& ctx, Route& route, Call& call,
                                        const std::function<Result<TokenUsage>(const RequestContext&)>& attempt) {
  for (;;) {
    NL_RETURN_IF_ERROR(route.breaker.Admit());
    ++call.attempts;
    const SteadyTime deadline = std::min(ctx.deadline(), clock_.SteadyNow() + options_.timeout);
    const RequestContext own(ctx.principal(), ctx.request_id(), ctx.door(), ctx.clock(), deadline, ctx.stop_token());
    auto outcome = attempt(own);
    Error failure = outcome ? Error(ErrorCode::kInternal, "") : outcome.error();
    // Its own time limit: the provider's fault and not the caller's.
    if (!outcome && failure.code() == ErrorCode::kDeadlineExceeded && ctx.CheckAlive()) {
      failure = Error(ErrorCode::kUnavailable,
                      fmt::format("the model gave no answer within {} ms", options_.timeout.count()));
    }
    const bool repeatable = IsWorthRepeating(failure.code());
    const bool gave_up = failure.code() == ErrorCode::kCancelled || failure.code() == ErrorCode::kDeadlineExceeded;
    if (!outcome && gave_up) {
      route.breaker.Forget();
    } else {
      // A request that is refused for what it asks says that the provider works.
      route.breaker.Note(outcome.has_value() || !repeatable);
    }
    if (outcome) return outcome;
    const bool given_away = call.given_away != nullptr && *call.given_away;
    if (!repeatable || given_away || call.attempts >= options_.attempts_max) return std::unexpected(std::move(failure));
    NL_RETURN_IF_ERROR(options_.wait(ctx, WaitBefore(call.attempts, failure)));
  }
}

Result<void> ModelRouter::Run(const RequestContext& ctx, Route& route, Call& call,
                              const std::function<Result<TokenUsage>(const RequestContext&)>& attempt) {
  const PrincipalId& payer = ctx.principal().owner();
  CallRecord record{.id = NewUuid(),
                    .principal = ctx.principal().id,
                    .request_id = ctx.request_id(),
                    .task = call.task,
                    .provider = route.model->provider,
                    .model = route.model->model,
                    .prompt_sha256 = call.prompt_sha256,
                    .outcome = "succeeded",
                    .started = clock_.Now()};
  NL_RETURN_IF_ERROR(usage_.Reserve(payer, record.started, call.tokens_estimated, options_.tokens_per_day));
  const SteadyTime began = clock_.SteadyNow();
  auto outcome = Attempt(ctx, route, call, attempt);
  TokenUsage used;
  if (outcome) {
    used = outcome->known
               ? *outcome
               : TokenUsage{.input = call.input_estimated, .output = call.tokens_estimated - call.input_estimated};
  } else {
    record.outcome = ErrorName(outcome.error().code());
    // A request that was taken and broke off may have been counted by the provider.
    if (call.given_away != nullptr && *call.given_away) used.input = call.input_estimated;
  }
  record.attempts = call.attempts;
  record.input_tokens = used.input;
  record.output_tokens = used.output;
  record.cost_nanodollars = CostOf(route.model->price, used);
  record.took = std::chrono::duration_cast<std::chrono::microseconds>(clock_.SteadyNow() - began);
  const auto settled =
      usage_.Settle(payer, record.started, call.tokens_estimated, used.input + used.output, record.cost_nanodollars);
  const auto recorded = usage_.Record(record);
  if (!settled || !recorded) {
    Log(LogLevel::kError, "a model's call was not recorded", ctx.request_id(),
        {{"error", std::string((settled ? recorded : settled).error().message())}});
  }
  if (!outcome) return std::unexpected(outcome.error());
  // What is not on record is not given away.
  NL_RETURN_IF_ERROR(recorded);
  return settled;
}

Result<ChatAnswer> ModelRouter::Chat(const RequestContext& ctx, std::string_view task, const ChatRequest& request,
                                     const OnText& on_text) {
  NL_ASSIGN_OR_RETURN(Route* const route, Find(ctx, task));
  if (route->model->chat == nullptr)
    return MakeError(ErrorCode::kNotSupported, "the task's model does not chat: {}", task);
  bool given_away = false;
  const int64_t input = EstimateTokens(request);
  Call call{.task = std::string(task),
            .prompt_sha256 = Digest(*route->model, request),
            .tokens_estimated = input + request.output_tokens_max,
            .input_estimated = input,
            .given_away = &given_away};
  // Of whom it was made for: what one may be told is not for another.
  const std::string key = ctx.principal().id.value() + " " + call.prompt_sha256;
  const bool may_keep = cache_ != nullptr && request.temperature == 0 && request.tools.empty();
  if (auto kept = may_keep ? cache_->Get(key) : std::nullopt) {
    ChatAnswer answer = Decode(*kept);
    NL_RETURN_IF_ERROR(usage_.Record({.id = NewUuid(),
                                      .principal = ctx.principal().id,
                                      .request_id = ctx.request_id(),
                                      .task = call.task,
                                      .provider = route->model->provider,
                                      .model = route->model->model,
                                      .prompt_sha256 = call.prompt_sha256,
                                      .outcome = "cached",
                                      .started = clock_.Now()}));
    if (on_text) NL_RETURN_IF_ERROR(on_text(answer.text));
    return answer;
  }
  OnText noted;
  if (on_text) {
    noted = [&](std::string_view piece) {
      given_away = true;
      return on_text(piece);
    };
  }
  ChatAnswer answer;
  NL_RETURN_IF_ERROR(Run(ctx, *route, call, [&](const RequestContext& own) -> Result<TokenUsage> {
    NL_ASSIGN_OR_RETURN(answer, route->model->chat->Chat(own, request, noted));
    return answer.usage;
  }));
  if (may_keep && answer.stop == StopReason::kEnd && answer.tool_uses.empty()) cache_->Put(key, Encode(answer));
  return answer;
}

Result<Embeddings> ModelRouter::Embed(const RequestContext& ctx, std::string_view task,
                                      const std::vector<std::string>& texts) {
  NL_ASSIGN_OR_RETURN(Route* const route, Find(ctx, task));
  if (route->model->embeddings == nullptr) {
    return MakeError(ErrorCode::kNotSupported, "the task's model makes no vectors: {}", task);
  }
  std::string all;
  int64_t tokens = 0;
  for (const std::string& text : texts) {
    tokens += EstimateTokens(text);
    all += fmt::format("{}:{},", text.size(), text);
  }
  Call call{.task = std::string(task),
            .prompt_sha256 = Sha256Hex(all),
            .tokens_estimated = tokens,
            .input_estimated = tokens};
  Embeddings embeddings;
  NL_RETURN_IF_ERROR(Run(ctx, *route, call, [&](const RequestContext& own) -> Result<TokenUsage> {
    NL_ASSIGN_OR_RETURN(embeddings, route->model->embeddings->Embed(own, texts));
    return embeddings.usage;
  }));
  return embeddings;
}

}  // namespace neurolake::models
