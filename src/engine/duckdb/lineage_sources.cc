#include "engine/duckdb/internal/lineage_sources.h"

#include <algorithm>
#include <tuple>

namespace neurolake::engine::duckdb {
namespace {

using plan::DependenceKind;
using plan::LineageSource;

constexpr uint16_t Bit(DependenceKind kind) { return static_cast<uint16_t>(1U << static_cast<int>(kind)); }
constexpr uint16_t kDirect =
    Bit(DependenceKind::kIdentity) | Bit(DependenceKind::kTransformation) | Bit(DependenceKind::kAggregation);

bool Before(const LineageSource& a, const LineageSource& b) {
  return std::tie(a.relation, a.field) < std::tie(b.relation, b.field);
}

}  // namespace

Sources Sources::Of(uint32_t relation, uint32_t field) {
  Sources sources;
  sources.entries_.push_back({relation, field, Bit(DependenceKind::kIdentity)});
  return sources;
}

bool Sources::Add(const Sources& other) {
  bool changed = false;
  for (const LineageSource& entry : other.entries_) {
    const auto place = std::ranges::lower_bound(entries_, entry, Before);
    if (place == entries_.end() || Before(entry, *place)) {
      entries_.insert(place, entry);
      changed = true;
      continue;
    }
    const auto kinds = static_cast<uint16_t>(place->kinds | entry.kinds);
    changed = changed || kinds != place->kinds;
    place->kinds = kinds;
  }
  return changed;
}

Sources Sources::Computed(DependenceKind kind) const {
  Sources computed = *this;
  for (LineageSource& entry : computed.entries_) {
    uint16_t kinds = entry.kinds & ~kDirect;
    if ((entry.kinds & Bit(DependenceKind::kAggregation)) != 0) kinds |= Bit(DependenceKind::kAggregation);
    else if ((entry.kinds & kDirect) != 0) kinds |= Bit(kind);
    entry.kinds = kinds;
  }
  return computed;
}

Sources Sources::Deciding(DependenceKind kind) const {
  Sources deciding = *this;
  for (LineageSource& entry : deciding.entries_) entry.kinds = Bit(kind);
  return deciding;
}

}  // namespace neurolake::engine::duckdb
