#pragma once
#include <boost/json/object.hpp>
#include <string>

#include "query/service.h"
#include "server/mcp/internal/rpc.h"
#include "server/mcp/internal/tools.h"
#include "server/mcp/resource_source.h"

namespace neurolake::server::mcp {

/// Tables and views as resources `lake://schema/table`, and prompts. Results are members of a JSON object, without its
/// braces. Thread-safe.
class Resources {
 public:
  /// Borrows the service.
  Resources(query::StatementService& service, ToolLimits limits) : service_(service), limits_(std::move(limits)) {}

  /// Listed behind the tables. Before it is used.
  void Add(std::unique_ptr<ResourceSource> source) { sources_.push_back(std::move(source)); }

  /// `"resources":[…]`, and where the next page begins.
  RpcResult<std::string> List(const RequestContext& ctx, const boost::json::object& params) const;
  std::string Templates() const;
  /// `"contents":[…]`.
  RpcResult<std::string> Read(const RequestContext& ctx, const boost::json::object& params) const;

  static std::string Prompts();
  static RpcResult<std::string> Prompt(const boost::json::object& params);

 private:
  query::StatementService& service_;
  const ToolLimits limits_;
  std::vector<std::unique_ptr<ResourceSource>> sources_;
};

}  // namespace neurolake::server::mcp
