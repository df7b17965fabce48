#pragma once
#include <memory>
#include <string>

#include "common/request_context.h"
#include "common/result.h"
#include "governance/function_rights.h"
#include "plan/lookup_gate.h"
#include "plan/stages.h"

namespace neurolake::governance {

/// Who wrote a statement's text.
enum class StatementOrigin : uint8_t {
  kUser,     ///< Came through a door.
  kProduct,  ///< Composed by the product (COPY INTO, ingestion) out of checked parts; may read granted files.
};

/// Whether a statement writes the rows that it reads as they are into other files of the same table (OPTIMIZE): then it
/// reads all of them, shows none, and no policy applies to its scans.
enum class RowMoves : uint8_t { kNone, kAll };

/// Decides what a principal's statement may do: the three gates of the pipeline. Everything that is not on
/// the allow-list is denied, whatever the rights; a scan's decision is the policy that the server gave with its table
/// (EffectivePolicy). Immutable, pure and thread-safe.
class Governor {
 public:
  Governor() = default;
  /// `rights`: which of the functions on the list the principal may not execute. Asked of what users wrote, and of
  /// tables' own rules and views where users' statements bind them; not of policies, nor of the product's own SQL.
  explicit Governor(FunctionRights rights) : rights_(std::make_shared<const FunctionRights>(std::move(rights))) {}

  /// Gate 1, before anything of the statement is acted on. `kind` as ParsedQuery::kind().
  /// Errors: kPermissionDenied "statement is not allowed here: …", or naming the right that is missing;
  ///   kNotSupported for statements that are planned.
  Result<void> CheckStatementKind(const std::string& kind, const Principal& principal,
                                  StatementOrigin origin = StatementOrigin::kUser) const;

  /// Gate 2: asked at every look-up while the statement is bound. Objects of the lake pass, as the server's
  /// answers are already limited to the principal's rights; the engine's own catalogues never do.
  std::unique_ptr<plan::LookupGate> GateFor(StatementOrigin origin = StatementOrigin::kUser) const;

  /// Gate 3: checks every function, operator, scan and write of the bound plan again (macros and views have
  /// been expanded by now), and attaches one decision to each scan. Errors: kPermissionDenied; kInternal if
  /// the digest contradicts itself (a scan id twice, a writing operator without a
  ///   written table, a source that is neither scan nor function), since then the digest cannot be trusted.
  /// Consumes `query` even on failure. O(plan).
  Result<plan::GovernedQuery> Govern(const RequestContext& ctx, plan::BoundQuery query,
                                     StatementOrigin origin = StatementOrigin::kUser,
                                     RowMoves moves = RowMoves::kNone) const;

 private:
  std::shared_ptr<const FunctionRights> rights_ = std::make_shared<const FunctionRights>();  ///< Also of gates.
};

/// The catalogue name under which the engine attaches the lake; every other catalogue is the engine's own.
inline constexpr std::string_view kLakeCatalogName = "lake";
/// The engine's catalogue of temporary objects.
inline constexpr std::string_view kTemporaryCatalogName = "temp";

}  // namespace neurolake::governance
