#pragma once
#include <boost/json/object.hpp>
#include <string>

#include "query/service.h"
#include "server/mcp/internal/rpc.h"
#include "server/mcp/internal/tools.h"

namespace neurolake::server::mcp {

/// Tables and views as resources `lake://schema/table`, and prompts. Results are members of a JSON object, without its
/// braces. Thread-safe.
class Resources {
 public:
  /// Borrows the service.
  Resources(query::StatementService& service, ToolLimits limits) : service_(service), limits_(std::move(limits)) {}

  /// `"resources":[…]`, and where the next page begins.
  RpcResult<std::string> List(const RequestContext& ctx, const boost::json::object& params) const;
  static std::string Templates();
  /// `"contents":[…]`.
  RpcResult<std::string> Read(const RequestContext& ctx, const boost::json::object& params) const;

  static std::string Prompts();
  static RpcResult<std::string> Prompt(const boost::json::object& params);

 private:
  query::StatementService& service_;
  const ToolLimits limits_;
};

}  // namespace neurolake::server::mcp
