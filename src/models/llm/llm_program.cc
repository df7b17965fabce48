/// neurolake-llm FILE CONTEXT-TOKENS THREADS MEMORY-BYTES: runs a language model in GGUF by llama.cpp, and works off
/// the requests at its standard input (docs/formats/llm-pipe.md). Started by models::NewLocalModel; not meant to be
/// used by hand. Once the model is loaded the program can open no file, socket or program any more.
#include <sys/resource.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "common/sandbox.h"
#include "models/llm/llm_engine.h"

namespace neurolake::models {
namespace {

namespace json = boost::json;

constexpr size_t kLineBytesMax = 64 << 20;

int64_t NumberOf(std::string_view text, int64_t otherwise) {
  int64_t number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void Write(const json::object& line) {
  const std::string text = json::serialize(line) + "\n";
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(1, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) ::_exit(0);  // Nobody listens any more.
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

void WriteError(int64_t id, const Error& error) {
  const auto kind = [&]() -> std::string_view {
    switch (error.code()) {
      case ErrorCode::kPayloadTooLarge: return "too_large";
      case ErrorCode::kInvalidArgument: return "invalid";
      case ErrorCode::kNotSupported: return "not_supported";
      case ErrorCode::kCancelled: return "cancelled";
      default: return "unavailable";
    }
  };
  Write({{"id", id}, {"error", kind()}, {"message", error.message()}});
}

/// Reads requests on a thread of its own, so that one can be given up while it is worked off. Ends the program with its
/// standard input.
class Requests {
 public:
  /// Borrows `cancelled`, which it sets when the request is given up that is worked off.
  explicit Requests(std::atomic<bool>& cancelled) : cancelled_(cancelled), reader_([this] { ReadAll(); }) {}
  ~Requests() { reader_.detach(); }

  json::object Next() {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [&] { return !waiting_.empty(); });
    json::object request = std::move(waiting_.front());
    waiting_.pop_front();
    current_ = IdOf(request);
    cancelled_ = false;
    return request;
  }
  static int64_t IdOf(const json::object& request) {
    const auto* id = request.if_contains("id");
    return id != nullptr && id->is_int64() ? id->get_int64() : 0;
  }

 private:
  void ReadAll() {
    std::string bytes;
    char piece[64 * 1024];
    while (true) {
      const ssize_t count = ::read(0, piece, sizeof(piece));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) ::_exit(0);
      bytes.append(piece, static_cast<size_t>(count));
      if (bytes.size() > kLineBytesMax) ::_exit(1);
      for (size_t end = bytes.find('\n'); end != std::string::npos; end = bytes.find('\n')) {
        Take(std::string_view(bytes).substr(0, end));
        bytes.erase(0, end + 1);
      }
    }
  }

  void Take(std::string_view line) {
    boost::system::error_code problem;
    const json::value value = json::parse(line, problem);
    if (problem || !value.is_object()) ::_exit(1);  // Whoever sends this is not whom it is for.
    const json::object& object = value.get_object();
    const std::lock_guard lock(mutex_);
    if (const auto* id = object.if_contains("cancel")) {
      if (id->is_int64() && id->get_int64() == current_) cancelled_ = true;
      return;
    }
    waiting_.push_back(object);
    more_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<json::object> waiting_;
  int64_t current_ = 0;
  std::atomic<bool>& cancelled_;
  std::thread reader_;
};

LlmRequest RequestOf(const json::object& object) {
  LlmRequest request;
  for (const auto& message : object.at("messages").as_array()) {
    request.messages.push_back(
        {std::string(message.at("role").as_string()), std::string(message.at("text").as_string())});
  }
  if (const auto* schema = object.if_contains("schema")) request.schema_json = json::serialize(*schema);
  request.tokens_max = object.at("tokens_max").as_int64();
  request.temperature = object.at("temperature").to_number<double>();
  return request;
}

void Chat(LlmEngine& engine, int64_t id, const json::object& object) {
  const bool streams = object.at("stream").as_bool();
  std::string text;
  const auto usage = engine.Chat(RequestOf(object), [&](std::string_view piece) {
    if (streams) Write({{"id", id}, {"piece", piece}});
    else text += piece;
  });
  if (!usage.has_value()) return WriteError(id, usage.error());
  json::object line{
      {"id", id},
      {"done", {{"stop", usage->complete ? "end" : "length"}, {"input", usage->input}, {"output", usage->output}}}};
  if (!text.empty()) line["piece"] = text;
  Write(line);
}

void Embed(LlmEngine& engine, int64_t id, const json::object& object) {
  int64_t tokens = 0;
  for (const auto& text : object.at("texts").as_array()) {
    const auto vector = engine.Embed(std::string(text.as_string()), tokens);
    if (!vector.has_value()) return WriteError(id, vector.error());
    json::array values;
    for (const float value : *vector) values.push_back(static_cast<double>(value));
    Write({{"id", id}, {"vector", std::move(values)}});
  }
  Write({{"id", id}, {"done", {{"input", tokens}}}});
}

void WorkOff(LlmEngine& engine, const json::object& request) {
  const int64_t id = Requests::IdOf(request);
  try {
    if (request.at("op").as_string() == "chat") Chat(engine, id, request);
    else Embed(engine, id, request);
  } catch (const std::exception&) {
    // What is wrong with it may quote it.
    WriteError(id, Error(ErrorCode::kUnavailable, "the request cannot be worked off"));
  }
}

int Run(int count, char** values) {
  if (count != 5) return 2;
  const auto memory = static_cast<size_t>(NumberOf(values[4], int64_t{8} << 30));
  const LlmOptions options{.file = values[1],
                           .context_tokens = static_cast<uint32_t>(NumberOf(values[2], 8192)),
                           .threads = static_cast<int32_t>(NumberOf(values[3], 1))};
  std::error_code ignored;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  const rlimit limit{memory, memory};
  ::setrlimit(RLIMIT_AS, &limit);
  std::atomic<bool> cancelled = false;
  auto engine = LoadLlm(options, (here / ".." / "lib" / "llama").string(), cancelled);
  if (!engine.has_value()) {
    WriteError(0, engine.error());
    return 1;
  }
  const auto closed =
      EnterSandbox({.memory_bytes = memory, .cpu_seconds = 0, .has_threads = true, .dies_with_parent = false});
  if (!closed.has_value()) {
    WriteError(0, closed.error());
    return 1;
  }
  Requests requests(cancelled);
  Write({{"ready", true}});
  while (true) WorkOff(**engine, requests.Next());
}

}  // namespace
}  // namespace neurolake::models

int main(int count, char** values) { return neurolake::models::Run(count, values); }
