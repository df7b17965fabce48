#include <hiredis/hiredis.h>

#include <charconv>

#include "common/clock.h"
#include "common/log.h"
#include "models/prompt_cache.h"

namespace neurolake::models {
namespace {

constexpr std::string_view kScheme = "redis://";
constexpr std::string_view kPrefix = "neurolake:answer:";
/// A cache that is slower than this is not worth waiting for.
constexpr timeval kTimeout{.tv_sec = 0, .tv_usec = 250'000};
/// After a failure it is left alone for so long.
constexpr std::chrono::seconds kPause{5};

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(void* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

struct Place {
  std::string host;
  int port = 6379;
  int database = 0;
};

std::optional<int> Number(std::string_view text, int most) {
  int number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool good = code == std::errc() && end == text.data() + text.size() && number >= 0 && number <= most;
  return good ? std::optional(number) : std::nullopt;
}

Result<Place> ParsePlace(std::string_view url) {
  const auto bad = [] {
    return MakeError(ErrorCode::kInvalidArgument,
                     "models.cache must be redis://HOST:PORT/DATABASE; the password is models.redis_password");
  };
  if (!url.starts_with(kScheme)) return bad();
  std::string_view rest = url.substr(kScheme.size());
  Place place;
  if (const size_t slash = rest.find('/'); slash != std::string_view::npos) {
    const auto database = Number(rest.substr(slash + 1), 1'000'000);
    if (!database && slash + 1 != rest.size()) return bad();
    place.database = database.value_or(0);
    rest = rest.substr(0, slash);
  }
  if (const size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    const auto port = Number(rest.substr(colon + 1), 65'535);
    if (!port) return bad();
    place.port = *port;
    rest = rest.substr(0, colon);
  }
  place.host = rest;
  if (rest.empty() || rest.find('@') != std::string_view::npos) return bad();
  // Its protocol is not encrypted here, and answers say what was asked.
  if (place.host != "localhost" && !place.host.starts_with("127.")) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        "models.cache must be a Redis at this machine's own address, through a tunnel where it is elsewhere, "
        "not: {}",
        place.host);
  }
  return place;
}

class RedisPromptCache final : public PromptCache {
 public:
  RedisPromptCache(Place place, std::string password, const Clock& clock, std::chrono::milliseconds keep)
      : place_(std::move(place)), password_(std::move(password)), clock_(clock), keep_(keep) {}

  std::optional<std::string> Get(std::string_view key) override {
    const std::lock_guard lock(mutex_);
    const std::string name = std::string(kPrefix) + std::string(key);
    const Reply reply = Send({"GET", name});
    if (reply == nullptr || reply->type != REDIS_REPLY_STRING) return std::nullopt;
    return std::string(reply->str, reply->len);
  }

  void Put(std::string_view key, std::string value) override {
    const std::lock_guard lock(mutex_);
    Send({"SET", std::string(kPrefix) + std::string(key), value, "PX", std::to_string(keep_.count())});
  }

 private:
  /// Null where it is not to be had, or refuses: both cost a call of a model, and no answer.
  Reply Send(const std::vector<std::string>& command) {
    if (context_ == nullptr && !Connect()) return nullptr;
    Reply reply = SendRaw(command);
    if (reply != nullptr && reply->type != REDIS_REPLY_ERROR) return reply;
    // What it says in words may repeat what it was told.
    Fail(reply == nullptr ? "no answer" : "refused");
    return nullptr;
  }

  Reply SendRaw(const std::vector<std::string>& command) {
    std::vector<const char*> parts;
    std::vector<size_t> sizes;
    for (const std::string& part : command) {
      parts.push_back(part.data());
      sizes.push_back(part.size());
    }
    return Reply(static_cast<redisReply*>(
        redisCommandArgv(context_.get(), static_cast<int>(parts.size()), parts.data(), sizes.data())));
  }

  bool Connect() {
    if (clock_.SteadyNow() < not_before_) return false;
    context_.reset(redisConnectWithTimeout(place_.host.c_str(), place_.port, kTimeout));
    if (context_ == nullptr || context_->err != 0 || redisSetTimeout(context_.get(), kTimeout) != REDIS_OK)
      return Fail("no connection");
    if (!password_.empty() && !IsGood({"AUTH", password_})) return Fail("the password is not its own");
    if (place_.database != 0 && !IsGood({"SELECT", std::to_string(place_.database)})) return Fail("no such database");
    return true;
  }

  bool IsGood(const std::vector<std::string>& command) {
    const Reply reply = SendRaw(command);
    return reply != nullptr && reply->type != REDIS_REPLY_ERROR;
  }

  bool Fail(std::string_view reason) {
    context_.reset();
    not_before_ = clock_.SteadyNow() + kPause;
    Log(LogLevel::kWarn, "kept answers of models are not to be had", {}, {{"reason", std::string(reason)}});
    return false;
  }

  const Place place_;
  const std::string password_;
  const Clock& clock_;
  const std::chrono::milliseconds keep_;
  std::mutex mutex_;
  std::unique_ptr<redisContext, FreeContext> context_;
  SteadyTime not_before_{};
};

}  // namespace

Result<std::unique_ptr<PromptCache>> NewRedisPromptCache(std::string_view url, std::string password, const Clock& clock,
                                                         std::chrono::milliseconds keep) {
  NL_ASSIGN_OR_RETURN(Place place, ParsePlace(url));
  return std::make_unique<RedisPromptCache>(std::move(place), std::move(password), clock, keep);
}

}  // namespace neurolake::models
