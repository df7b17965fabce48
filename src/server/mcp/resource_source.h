#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::server::mcp {

struct ListedResource {
  std::string uri;
  std::string name;
  std::string title;
  std::string description;
};

/// Documents of another room, beside tables and views, for who may see them. Thread-safe.
class ResourceSource {
 public:
  virtual ~ResourceSource() = default;
  /// A resource template: a JSON object.
  virtual std::string Template() const = 0;
  /// Those of the principal, which are few enough for one page.
  virtual Result<std::vector<ListedResource>> List(const RequestContext& ctx) const = 0;
  /// JSON; nullopt for a URI of another kind, and for what is not there or not to be seen, alike.
  virtual Result<std::optional<std::string>> Read(const RequestContext& ctx, std::string_view uri) const = 0;
};

}  // namespace neurolake::server::mcp
