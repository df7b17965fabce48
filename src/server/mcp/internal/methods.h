#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/message_endpoint.h"
#include "query/service.h"
#include "server/mcp/internal/resources.h"
#include "server/mcp/internal/rpc.h"
#include "server/mcp/internal/session.h"
#include "server/mcp/tool.h"

namespace neurolake::server::mcp {

inline constexpr std::string_view kModernVersion = "2026-07-28";
/// Revisions with a handshake, the newest first.
inline constexpr std::string_view kHandshakeVersions[] = {"2025-11-25", "2025-06-18"};

bool IsHandshakeVersion(std::string_view version);
/// Data of the error for another version: what there is.
RpcError UnsupportedVersion(std::string_view requested);

/// A request that was found to be in order, on its way to its method.
struct Exchange {
  const RequestContext& ctx;
  const RpcMessage& request;
  bool modern = false;  ///< Of the revision without handshakes.
  /// Takes messages of progress; null: nobody reads them.
  net::EventSink* events = nullptr;
};

/// What each method answers. Thread-safe.
class Methods {
 public:
  /// Borrows all.
  Methods(const ToolRegistry& tools, const Resources& resources, std::string version)
      : tools_(tools), resources_(resources), version_(std::move(version)) {}

  /// The result's JSON. Errors of tools are results.
  RpcResult<std::string> Call(const Exchange& exchange) const;
  /// The answer to `initialize` in `version`.
  std::string Initialized(std::string_view version) const;

 private:
  std::string ServerInfo() const;
  std::string Discovered() const;
  RpcResult<std::string> CallTool(const Exchange& exchange) const;
  std::string ListTools(const Exchange& exchange) const;
  /// What every result of the exchange's revision begins with.
  std::string Opening(const Exchange& exchange) const;
  /// The same of one that may be kept for a while.
  std::string KeptOpening(const Exchange& exchange) const;

  const ToolRegistry& tools_;
  const Resources& resources_;
  const std::string version_;
};

}  // namespace neurolake::server::mcp
