#include "models/llm/llm_engine.h"

#include <json-schema-to-grammar.h>
#include <llama.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace neurolake::models {
namespace {

constexpr uint32_t kBatchTokens = 512;
constexpr int32_t kTopK = 40;
constexpr float kTopP = 0.95F;
/// What separates contents from a template's own text: no tokenizer's mark, and no text that anybody could guess.
constexpr size_t kMarkerBytes = 24;

struct ModelDeleter {
  void operator()(llama_model* model) const { llama_model_free(model); }
};
struct ContextDeleter {
  void operator()(llama_context* context) const { llama_free(context); }
};
struct SamplerDeleter {
  void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
};
using Model = std::unique_ptr<llama_model, ModelDeleter>;
using Context = std::unique_ptr<llama_context, ContextDeleter>;
using Sampler = std::unique_ptr<llama_sampler, SamplerDeleter>;

bool IsSet(void* flag) { return static_cast<const std::atomic<bool>*>(flag)->load(); }

std::string RandomMarker() {
  std::random_device random;
  std::string marker;
  while (marker.size() < kMarkerBytes) marker += static_cast<char>('a' + random() % 26);
  return marker;
}

/// How many of the last bytes of `text` begin a character whose end is not there yet.
size_t Unfinished(std::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const size_t wanted = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return wanted > back ? back : 0;
  }
  return 0;
}

class Llama final : public LlmEngine {
 public:
  Llama(Model model, const LlmOptions& options, const std::atomic<bool>& cancelled)
      : model_(std::move(model)),
        vocabulary_(llama_model_get_vocab(model_.get())),
        options_(options),
        cancelled_(cancelled) {}

  Result<LlmUsage> Chat(const LlmRequest& request, const std::function<void(std::string_view)>& on_text) override;
  Result<std::vector<float>> Embed(const std::string& text, int64_t& tokens) override;

 private:
  Result<Context> NewContext(bool embeds, enum llama_pooling_type pooling) const;
  Result<std::vector<llama_token>> Tokens(std::string_view text, bool is_whole, bool has_marks) const;
  Result<std::vector<llama_token>> PromptOf(const std::vector<LlmMessage>& messages) const;
  Result<Sampler> GrammarOf(const std::string& schema_json) const;
  Sampler SamplersOf(double temperature) const;
  Result<void> Read(const std::vector<llama_token>& tokens);
  llama_token Next(llama_sampler* samplers, llama_sampler* grammar);
  std::string TextOf(llama_token token) const;
  Result<void> CheckCancelled() const {
    if (cancelled_) return MakeError(ErrorCode::kCancelled, "the request was given up");
    return {};
  }

  const Model model_;
  const llama_vocab* const vocabulary_;
  const LlmOptions options_;
  const std::atomic<bool>& cancelled_;
  Context chat_;
  Context embedding_;
  std::vector<llama_token_data> candidates_;
};

Result<Context> Llama::NewContext(bool embeds, enum llama_pooling_type pooling) const {
  llama_context_params params = llama_context_default_params();
  const auto trained = static_cast<uint32_t>(std::max(llama_model_n_ctx_train(model_.get()), 0));
  params.n_ctx = trained == 0 ? options_.context_tokens : std::min(options_.context_tokens, trained);
  // Models that look at a text as a whole take it in one go.
  params.n_batch = embeds ? params.n_ctx : std::min(params.n_ctx, kBatchTokens);
  params.n_ubatch = params.n_batch;
  params.n_threads = options_.threads;
  params.n_threads_batch = options_.threads;
  params.embeddings = embeds;
  params.pooling_type = pooling;
  params.no_perf = true;
  params.abort_callback = IsSet;
  params.abort_callback_data = const_cast<std::atomic<bool>*>(&cancelled_);
  Context context(llama_init_from_model(model_.get(), params));
  if (context == nullptr) return MakeError(ErrorCode::kUnavailable, "there is not enough memory for its context");
  return context;
}

Result<std::vector<llama_token>> Llama::Tokens(std::string_view text, bool is_whole, bool has_marks) const {
  if (text.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    return MakeError(ErrorCode::kPayloadTooLarge, "a text of more than 2 GiB");
  const auto size = static_cast<int32_t>(text.size());
  std::vector<llama_token> tokens(text.size() + 8);
  const int32_t count = llama_tokenize(vocabulary_, text.data(), size, tokens.data(),
                                       static_cast<int32_t>(tokens.size()), is_whole, has_marks);
  if (count < 0) return MakeError(ErrorCode::kInvalidArgument, "a text cannot be cut into tokens");
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

/// The template's own text is cut into tokens with its marks, contents without any: what somebody wrote cannot end its
/// message or begin another one.
Result<std::vector<llama_token>> Llama::PromptOf(const std::vector<LlmMessage>& messages) const {
  const char* form = llama_model_chat_template(model_.get(), nullptr);
  if (form == nullptr)
    return MakeError(ErrorCode::kNotSupported, "it has no template of conversations: it does not chat");
  const std::string marker = RandomMarker();
  std::vector<llama_chat_message> marked;
  for (const LlmMessage& message : messages) marked.push_back({message.role.c_str(), marker.c_str()});
  std::string text(4096 + messages.size() * 256, '\0');
  const int32_t size = llama_chat_apply_template(form, marked.data(), marked.size(), /*add_ass=*/true, text.data(),
                                                 static_cast<int32_t>(text.size()));
  if (size < 0 || static_cast<size_t>(size) > text.size())
    return MakeError(ErrorCode::kNotSupported, "its template of conversations is not one that llama.cpp knows");
  text.resize(static_cast<size_t>(size));
  std::vector<llama_token> prompt;
  size_t from = 0;
  for (size_t next = 0; next <= messages.size(); ++next) {
    const size_t at = next == messages.size() ? text.size() : text.find(marker, from);
    if (at == std::string::npos) return MakeError(ErrorCode::kNotSupported, "its template leaves messages out");
    NL_ASSIGN_OR_RETURN(auto tokens, Tokens(std::string_view(text).substr(from, at - from), from == 0, true));
    prompt.insert(prompt.end(), tokens.begin(), tokens.end());
    if (next == messages.size()) break;
    NL_ASSIGN_OR_RETURN(tokens, Tokens(messages[next].text, false, false));
    prompt.insert(prompt.end(), tokens.begin(), tokens.end());
    from = at + marker.size();
  }
  return prompt;
}

Result<Sampler> Llama::GrammarOf(const std::string& schema_json) const {
  if (schema_json.empty()) return Sampler();
  try {
    const std::string grammar = json_schema_to_grammar(common_json::parse(schema_json), /*force_gbnf=*/true);
    Sampler sampler(llama_sampler_init_grammar(vocabulary_, grammar.c_str(), "root"));
    if (sampler != nullptr) return sampler;
  } catch (const std::exception&) {
    // What it says quotes the schema.
  }
  return MakeError(ErrorCode::kInvalidArgument, "the output's schema cannot be made a grammar of");
}

Sampler Llama::SamplersOf(double temperature) const {
  Sampler chain(llama_sampler_chain_init(llama_sampler_chain_default_params()));
  if (temperature <= 0) {
    llama_sampler_chain_add(chain.get(), llama_sampler_init_greedy());
    return chain;
  }
  llama_sampler_chain_add(chain.get(), llama_sampler_init_top_k(kTopK));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_top_p(kTopP, 1));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_temp(static_cast<float>(temperature)));
  llama_sampler_chain_add(chain.get(), llama_sampler_init_dist(LLAMA_DEFAULT_SEED));
  return chain;
}

Result<void> Llama::Read(const std::vector<llama_token>& tokens) {
  std::vector<llama_token> rest = tokens;
  for (size_t from = 0; from < rest.size(); from += kBatchTokens) {
    NL_RETURN_IF_ERROR(CheckCancelled());
    const size_t count = std::min<size_t>(kBatchTokens, rest.size() - from);
    if (llama_decode(chat_.get(), llama_batch_get_one(rest.data() + from, static_cast<int32_t>(count))) == 0) continue;
    NL_RETURN_IF_ERROR(CheckCancelled());
    return MakeError(ErrorCode::kUnavailable, "the prompt cannot be worked off");
  }
  return {};
}

/// The grammar looks at the one token that was chosen, and at all of them only where it does not allow that: with some
/// ten thousand tokens to choose from, looking at all each time would take longer than the model itself.
llama_token Llama::Next(llama_sampler* samplers, llama_sampler* grammar) {
  const auto choose = [&](bool by_grammar) {
    const float* logits = llama_get_logits_ith(chat_.get(), -1);
    candidates_.clear();
    for (llama_token token = 0; token < llama_vocab_n_tokens(vocabulary_); ++token)
      candidates_.push_back({token, logits[token], 0});
    llama_token_data_array all{candidates_.data(), candidates_.size(), -1, false};
    if (by_grammar) llama_sampler_apply(grammar, &all);
    llama_sampler_apply(samplers, &all);
    return all.data[std::max<int64_t>(all.selected, 0)].id;
  };
  llama_token token = choose(false);
  if (grammar != nullptr) {
    llama_token_data chosen{token, 1, 0};
    llama_token_data_array one{&chosen, 1, -1, false};
    llama_sampler_apply(grammar, &one);
    if (std::isinf(chosen.logit)) token = choose(true);
    llama_sampler_accept(grammar, token);
  }
  llama_sampler_accept(samplers, token);
  return token;
}

std::string Llama::TextOf(llama_token token) const {
  std::string text(64, '\0');
  int32_t size = llama_token_to_piece(vocabulary_, token, text.data(), static_cast<int32_t>(text.size()), 0, false);
  if (size < 0) {
    text.resize(static_cast<size_t>(-size));
    size = llama_token_to_piece(vocabulary_, token, text.data(), static_cast<int32_t>(text.size()), 0, false);
  }
  text.resize(static_cast<size_t>(std::max(size, 0)));
  return text;
}

Result<LlmUsage> Llama::Chat(const LlmRequest& request, const std::function<void(std::string_view)>& on_text) {
  if (chat_ == nullptr) {
    NL_ASSIGN_OR_RETURN(chat_, NewContext(false, LLAMA_POOLING_TYPE_UNSPECIFIED));
  }
  NL_ASSIGN_OR_RETURN(const std::vector<llama_token> prompt, PromptOf(request.messages));
  NL_ASSIGN_OR_RETURN(const Sampler grammar, GrammarOf(request.schema_json));
  const Sampler samplers = SamplersOf(request.temperature);
  const size_t context = llama_n_ctx(chat_.get());
  if (prompt.empty() || prompt.size() >= context) {
    return MakeError(ErrorCode::kPayloadTooLarge, "the prompt has {} tokens, where models.local.context allows {}",
                     prompt.size(), context);
  }
  llama_memory_clear(llama_get_memory(chat_.get()), true);
  NL_RETURN_IF_ERROR(Read(prompt));
  LlmUsage usage{.input = static_cast<int64_t>(prompt.size()), .output = 0, .complete = false};
  const int64_t most =
      std::min(request.tokens_max, static_cast<int64_t>(context) - static_cast<int64_t>(prompt.size()));
  std::string text;
  while (usage.output < most) {
    NL_RETURN_IF_ERROR(CheckCancelled());
    const llama_token token = Next(samplers.get(), grammar.get());
    ++usage.output;
    if (llama_vocab_is_eog(vocabulary_, token)) {
      usage.complete = true;
      break;
    }
    text += TextOf(token);
    const size_t whole = text.size() - Unfinished(text);
    if (whole > 0) on_text(std::string_view(text).substr(0, whole));
    text.erase(0, whole);
    if (usage.output < most) NL_RETURN_IF_ERROR(Read({token}));
  }
  return usage;
}

Result<std::vector<float>> Llama::Embed(const std::string& text, int64_t& tokens) {
  NL_RETURN_IF_ERROR(CheckCancelled());
  if (embedding_ == nullptr) {
    NL_ASSIGN_OR_RETURN(embedding_, NewContext(true, LLAMA_POOLING_TYPE_UNSPECIFIED));
    // One that was made for writing says nothing of whole texts: then the average of its tokens stands for them.
    if (llama_pooling_type(embedding_.get()) == LLAMA_POOLING_TYPE_NONE) {
      NL_ASSIGN_OR_RETURN(embedding_, NewContext(true, LLAMA_POOLING_TYPE_MEAN));
    }
  }
  NL_ASSIGN_OR_RETURN(std::vector<llama_token> input, Tokens(text, true, false));
  if (input.size() > llama_n_ctx(embedding_.get())) input.resize(llama_n_ctx(embedding_.get()));
  std::vector<float> vector(static_cast<size_t>(llama_model_n_embd_out(model_.get())), 0);
  if (input.empty()) return vector;
  tokens += static_cast<int64_t>(input.size());
  if (llama_get_memory(embedding_.get()) != nullptr) llama_memory_clear(llama_get_memory(embedding_.get()), true);
  llama_batch batch = llama_batch_init(static_cast<int32_t>(input.size()), 0, 1);
  for (size_t at = 0; at < input.size(); ++at) {
    batch.token[at] = input[at];
    batch.pos[at] = static_cast<llama_pos>(at);
    batch.n_seq_id[at] = 1;
    batch.seq_id[at][0] = 0;
    batch.logits[at] = 1;
  }
  batch.n_tokens = static_cast<int32_t>(input.size());
  const int32_t failed = llama_decode(embedding_.get(), batch);
  llama_batch_free(batch);
  NL_RETURN_IF_ERROR(CheckCancelled());
  const float* values = failed != 0 ? nullptr : llama_get_embeddings_seq(embedding_.get(), 0);
  if (values == nullptr) return MakeError(ErrorCode::kNotSupported, "it makes no vectors of texts");
  double length = 0;
  for (size_t at = 0; at < vector.size(); ++at) length += static_cast<double>(values[at]) * values[at];
  length = std::sqrt(length);
  for (size_t at = 0; at < vector.size() && length > 0; ++at) {
    vector[at] = static_cast<float>(static_cast<double>(values[at]) / length);
  }
  return vector;
}

}  // namespace

Result<std::unique_ptr<LlmEngine>> LoadLlm(const LlmOptions& options, const std::string& backends,
                                           const std::atomic<bool>& cancelled) {
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  ggml_backend_load_all_from_path(backends.c_str());
  llama_backend_init();
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  Model model;
  try {
    model.reset(llama_model_load_from_file(options.file.c_str(), params));
  } catch (const std::exception&) {
    // Out of memory, most of all.
  }
  if (model == nullptr) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        "the file of the model cannot be loaded: it is damaged, of a kind that this llama.cpp ({}) does not "
        "know, or larger than models.local.memory",
        llama_version());
  }
  return std::make_unique<Llama>(std::move(model), options, cancelled);
}

}  // namespace neurolake::models
