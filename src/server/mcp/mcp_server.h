#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/settings.h"
#include "net/message_endpoint.h"
#include "query/service.h"
#include "retrieval/text_index.h"
#include "server/mcp/resource_source.h"
#include "server/mcp/tool.h"

namespace neurolake::server::mcp {

class Session;

/// The MCP door: tools, resources and prompts over the lake, by JSON-RPC messages that HTTP or standard input carry.
/// Everything it does is a statement of its caller's through the pipeline, read-only there and in the audit log with
/// the door "mcp". Thread-safe. Source: https://modelcontextprotocol.io/specification/2026-07-28, and for clients that
/// begin with a handshake 2025-11-25 and 2025-06-18.
class McpServer final : public net::MessageEndpoint {
 public:
  struct Options {
    std::string version;            ///< Of the product.
    int64_t rows_max = 1000;        ///< Of one answer.
    int64_t bytes_max = 1'048'576;  ///< Of the rows of one answer.
    int64_t sessions_max = 1000;
    std::chrono::milliseconds session_idle{1'800'000};
    std::chrono::milliseconds statement_timeout{600'000};
    /// What search_catalog ranks by; null: words alone.
    std::shared_ptr<retrieval::TextIndex> texts = nullptr;
  };
  static Options OptionsFrom(const Settings& settings, std::string version);

  /// With the tools that need the lake alone. Borrows both.
  McpServer(query::StatementService& service, const Clock& clock, Options options);
  ~McpServer() override;

  /// For adding tools before it is used.
  ToolRegistry& tools();
  /// The same of resources.
  void AddResources(std::unique_ptr<ResourceSource> source);

  // Over HTTP; see docs/mcp.md for statuses and headers.
  net::MessageReply Post(const net::PostedMessage& message, net::EventSink& events) override;
  net::MessageReply Delete(const net::PostedMessage& message) override;

  /// One client that speaks through a pipe. Thread-safe: requests run beside each other.
  class Pipe {
   public:
    explicit Pipe(McpServer& server);
    ~Pipe();
    /// The answer to one message; empty: it needs none. Blocks until it is worked off.
    std::string Answer(const RequestContext& ctx, std::string_view message, net::EventSink& events);
    /// Requests that run end soon.
    void CancelAll();

   private:
    struct State;
    McpServer& server_;
    std::unique_ptr<State> state_;
  };

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace neurolake::server::mcp
