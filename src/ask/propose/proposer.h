#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ask/intent/intent.h"
#include "ask/link/value_index.h"
#include "ask/propose/model_part.h"
#include "ask/time/time_phrase.h"
#include "models/router.h"

namespace neurolake::ask {

/// A question that the engine has no answer to.
struct ProposalRequest {
  std::string question;
  /// As much as the principal may know and may leave for the model; null values: it may see none.
  std::shared_ptr<const semantic::SemanticModel> model;
  std::shared_ptr<const ValueIndex> values;
  std::shared_ptr<const MemberRanking> ranking;  ///< Of `model`.
  TimeContext time;
  std::string zone;
};

/// What came of asking a model. An intent here was decoded strictly, compiles over the principal's model, and says
/// nothing that is not grounded; its SQL is still to be made, governed, run and checked as any other's.
struct Proposal {
  std::optional<Intent> intent = std::nullopt;
  std::string words = {};                ///< The intent, restated by our own code.
  std::vector<std::string> doubts = {};  ///< What the question says and the intent does not: to be asked back.
  std::string source = {};               ///< "openai:NAME".
  std::string reason = {};               ///< Without an intent: why, for people; nothing that the model said.
};

struct ProposerOptions {
  std::string task = "ask";                   ///< In models.routes.
  size_t part_bytes_max = 12'000;             ///< Of the model's description in a prompt: some 4,000 tokens.
  std::chrono::milliseconds timeout{20'000};  ///< Of all attempts together.
};

/// Asks a language model what a question may mean. The model gets the question and a part of the semantic model,
/// quoted; no values, no SQL and no tools. What it says is a proposal of a text generator: checked here, and never
/// shown as text. Thread-safe. Borrows the router.
class Proposer {
 public:
  Proposer(models::ModelRouter& router, ProposerOptions options) : router_(router), options_(std::move(options)) {}

  /// The model that would be asked; null: none is configured.
  const models::RoutedModel* Model() const { return router_.ModelFor(options_.task); }
  /// Errors: kCancelled and kDeadlineExceeded of `ctx` alone. All that a provider can do wrong is a Proposal without an
  /// intent. The same request has the same answer while the router's cache keeps it.
  Result<Proposal> Propose(const RequestContext& ctx, const ProposalRequest& request) const;

 private:
  models::ModelRouter& router_;
  const ProposerOptions options_;
};

/// What is sent for `request`; apart for tests. Same request, same bytes.
models::ChatRequest PromptFor(const ProposalRequest& request, const semantic::SemanticModel& part);

}  // namespace neurolake::ask
