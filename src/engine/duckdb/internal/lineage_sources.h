#pragma once
#include <string>
#include <vector>

#include "plan/lineage_digest.h"

namespace neurolake::engine::duckdb {

/// The columns, and fields of structs, that one value, or the choice of rows, depends on: sorted, each once.
class Sources {
 public:
  Sources() = default;
  static Sources Of(uint32_t relation, uint32_t field);

  bool empty() const { return parts_.empty(); }
  /// By column: a field of a struct counts as computed from its column, as does a struct that is made of fields.
  std::vector<plan::LineageSource> entries() const;
  /// Field by field. Ways are those of `plan::LineagePart`.
  const std::vector<plan::LineagePart>& parts() const { return parts_; }
  /// Returns whether anything is new.
  bool Add(const Sources& other);
  /// Of a value computed from this one: what was taken as it is becomes at least `kind`, which is a direct one. What
  /// was aggregated stays so.
  Sources Computed(plan::DependenceKind kind) const;
  /// Of what this only decides: everything becomes `kind`, an indirect one.
  Sources Deciding(plan::DependenceKind kind) const;
  /// Of the field `name` of a struct made of this, or of an "element" of a list: what is taken as it is narrows.
  Sources Inside(const std::string& name) const;
  /// Of a struct that has this as its field `name`.
  Sources Within(const std::string& name) const;

 private:
  bool Add(plan::LineagePart part);
  std::vector<plan::LineagePart> parts_;
};

}  // namespace neurolake::engine::duckdb
