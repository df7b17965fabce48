#pragma once
#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace neurolake {

/// A name that cannot be mixed up with another kind of name: `TableId` and `PrincipalId` do not convert.
template <typename Tag>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(std::string value) : value_(std::move(value)) {}
  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }
  auto operator<=>(const StrongId&) const = default;

 private:
  std::string value_;
};

using TableId = StrongId<struct TableIdTag>;  ///< Survives rename and CREATE OR REPLACE.
using SchemaId = StrongId<struct SchemaIdTag>;
using PrincipalId = StrongId<struct PrincipalIdTag>;
using TokenId = StrongId<struct TokenIdTag>;
using StatementId = StrongId<struct StatementIdTag>;

/// A random UUID, version 7 (RFC 9562): time-ordered, so it clusters well in an index. Thread-safe.
std::string NewUuid();

}  // namespace neurolake

template <typename Tag>
struct std::hash<neurolake::StrongId<Tag>> {
  size_t operator()(const neurolake::StrongId<Tag>& id) const { return std::hash<std::string>()(id.value()); }
};
