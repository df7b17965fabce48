#pragma once
#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::server::mcp {

/// What a client is told of a tool. Texts are for models and people; schemas are JSON Schema 2020-12.
struct ToolDescription {
  std::string name;  ///< Letters, digits and "_".
  std::string title;
  std::string description;
  std::string input_schema;   ///< A JSON object of type "object" that allows no other members.
  std::string output_schema;  ///< What `ToolAnswer::json` is like.
};

/// One call of a tool. Borrowed for the call.
struct ToolCall {
  const RequestContext& ctx;  ///< Door "mcp"; stops when the client cancels.
  const boost::json::object& arguments;
  /// Says how many rows there are so far, for who waits. Never null.
  const std::function<void(int64_t rows)>& report;
};

struct ToolAnswer {
  std::string json;  ///< An object.
};

/// Something a client may ask for. Tools only read: what they do goes through the pipeline as their caller and is
/// read-only there. Thread-safe.
class Tool {
 public:
  virtual ~Tool() = default;
  virtual const ToolDescription& description() const = 0;
  /// Whether the principal has the rights for it; for others there is no such tool.
  virtual bool IsFor(const Principal& principal) const = 0;
  /// Errors: those of the pipeline; kInvalidArgument naming an argument.
  virtual Result<ToolAnswer> Call(const ToolCall& call) const = 0;
};

/// The tools of this server, in the order they were added. Filled before it is used; then thread-safe.
class ToolRegistry {
 public:
  void Add(std::unique_ptr<Tool> tool) { tools_.push_back(std::move(tool)); }
  /// Null: there is none of the name, or none for the principal.
  const Tool* Find(const Principal& principal, std::string_view name) const;
  std::vector<const Tool*> ListFor(const Principal& principal) const;

 private:
  std::vector<std::unique_ptr<Tool>> tools_;
};

// Arguments of a call. Errors: kInvalidArgument naming the argument and what would be right.
Result<void> CheckArguments(const boost::json::object& arguments, std::initializer_list<std::string_view> known);
/// Empty when absent.
Result<std::string> TextArgument(const boost::json::object& arguments, std::string_view name, bool required);
Result<int64_t> IntegerArgument(const boost::json::object& arguments, std::string_view name, int64_t fallback,
                                int64_t least, int64_t most);

}  // namespace neurolake::server::mcp
