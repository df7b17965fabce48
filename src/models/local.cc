// Models in files: what is asked of neurolake-llm, and what it answers.
#include "models/local.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <cmath>
#include <fstream>

#include "models/internal/exchange.h"
#include "models/internal/helper_process.h"

namespace neurolake::models {
namespace {

namespace json = boost::json;

Result<std::string_view> NameOf(Role role) {
  switch (role) {
    case Role::kSystem: return "system";
    case Role::kUser: return "user";
    case Role::kAssistant: return "assistant";
    case Role::kTool: return MakeError(ErrorCode::kNotSupported, "a local model uses no tools");
  }
  NL_UNREACHABLE();
}

Result<json::object> Encode(const ChatRequest& request, bool streams) {
  if (!request.tools.empty()) return MakeError(ErrorCode::kNotSupported, "a local model uses no tools");
  json::array messages;
  for (const Message& message : request.messages) {
    NL_ASSIGN_OR_RETURN(const std::string_view role, NameOf(message.role));
    messages.push_back({{"role", role}, {"text", message.text}});
  }
  json::object body{{"op", "chat"},
                    {"messages", std::move(messages)},
                    {"tokens_max", request.output_tokens_max},
                    {"temperature", request.temperature},
                    {"stream", streams}};
  if (!request.output_schema_json.empty()) {
    NL_ASSIGN_OR_RETURN(body["schema"], ParseOwn(request.output_schema_json, "the output's schema"));
  }
  return body;
}

class LocalChat final : public ChatModel {
 public:
  LocalChat(std::shared_ptr<HelperProcess> process, std::string name)
      : process_(std::move(process)), name_(std::move(name)) {}

  Result<ChatAnswer> Chat(const RequestContext& ctx, const ChatRequest& request, const OnText& on_text) const override {
    NL_ASSIGN_OR_RETURN(json::object body, Encode(request, static_cast<bool>(on_text)));
    ChatAnswer answer{.model = name_};
    const auto take = [&](const json::object& line) -> Result<bool> {
      if (const std::string piece = TextAt(line, "piece"); !piece.empty()) {
        answer.text += piece;
        if (on_text) NL_RETURN_IF_ERROR(on_text(piece));
      }
      const auto* done = ObjectAt(line, "done");
      if (done == nullptr) return false;
      const std::string stop = TextAt(*done, "stop");
      if (stop != "end" && stop != "length") return BrokenAnswer("no reason for its end");
      answer.stop = stop == "end" ? StopReason::kEnd : StopReason::kLength;
      answer.usage = {.input = IntegerAt(*done, "input"), .output = IntegerAt(*done, "output"), .known = true};
      return true;
    };
    NL_RETURN_IF_ERROR(process_->Call(ctx, std::move(body), take));
    return answer;
  }

 private:
  const std::shared_ptr<HelperProcess> process_;
  const std::string name_;
};

class LocalEmbeddings final : public EmbeddingModel {
 public:
  explicit LocalEmbeddings(std::shared_ptr<HelperProcess> process) : process_(std::move(process)) {}

  Result<Embeddings> Embed(const RequestContext& ctx, const std::vector<std::string>& texts) const override {
    Embeddings embeddings;
    if (texts.empty()) return embeddings;
    json::array input;
    for (const std::string& text : texts) input.push_back(json::string(text));
    const auto take = [&](const json::object& line) -> Result<bool> {
      if (const auto* values = ArrayAt(line, "vector")) {
        NL_ASSIGN_OR_RETURN(auto vector, VectorOf(*values));
        embeddings.vectors.push_back(std::move(vector));
      }
      const auto* done = ObjectAt(line, "done");
      if (done == nullptr) return false;
      embeddings.usage = {.input = IntegerAt(*done, "input"), .output = 0, .known = true};
      return true;
    };
    NL_RETURN_IF_ERROR(process_->Call(ctx, json::object{{"op", "embed"}, {"texts", std::move(input)}}, take));
    const auto& vectors = embeddings.vectors;
    const bool alike = vectors.size() == texts.size() && std::ranges::all_of(vectors, [&](const auto& one) {
                         return !one.empty() && one.size() == vectors[0].size();
                       });
    if (!alike) return BrokenAnswer("as many vectors as there are texts, of one length");
    return embeddings;
  }

 private:
  static Result<std::vector<float>> VectorOf(const json::array& values) {
    std::vector<float> vector;
    for (const auto& value : values) {
      if (!value.is_number()) return BrokenAnswer("a vector that is none");
      vector.push_back(value.to_number<float>());
      if (!std::isfinite(vector.back())) return BrokenAnswer("a vector that is none");
    }
    return vector;
  }

  const std::shared_ptr<HelperProcess> process_;
};

Result<void> CheckProgram(const std::string& program) {
  if (::access(program.c_str(), X_OK) == 0) return {};
  return MakeError(
      ErrorCode::kNotSupported,
      "models in files are an optional component that is not installed: there is no program {}; `make llm` "
      "builds it, models.local.program says where it is",
      program);
}

Result<void> CheckFile(const std::string& path) {
  struct stat entry {};
  if (::stat(path.c_str(), &entry) != 0)
    return MakeError(ErrorCode::kNotFound, "there is no file with a model: {}", path);
  if (!S_ISREG(entry.st_mode))
    return MakeError(ErrorCode::kInvalidArgument, "a model is a file in GGUF, not: {}", path);
  std::ifstream stream(path, std::ios::binary);
  char magic[4] = {};
  if (!stream.read(magic, sizeof(magic)) && !stream.eof())
    return MakeError(ErrorCode::kIoError, "the file with a model cannot be read: {}", path);
  if (std::string_view(magic, sizeof(magic)) == "GGUF") return {};
  return MakeError(ErrorCode::kInvalidArgument, "the file is no model in GGUF, which begins with these letters: {}",
                   path);
}

}  // namespace

Result<LocalModel> NewLocalModel(const LocalOptions& options) {
  NL_RETURN_IF_ERROR(CheckProgram(options.program));
  NL_RETURN_IF_ERROR(CheckFile(options.file));
  auto process = std::make_shared<HelperProcess>(
      HelperProcess::Options{.command = {options.program, options.file, fmt::to_string(options.context_tokens),
                                         fmt::to_string(options.threads), fmt::to_string(options.memory_bytes)}});
  const std::string name = options.file.substr(options.file.rfind('/') + 1);
  return LocalModel{.chat = std::make_unique<LocalChat>(process, name),
                    .embeddings = std::make_unique<LocalEmbeddings>(process)};
}

}  // namespace neurolake::models
