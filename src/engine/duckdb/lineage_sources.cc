#include "engine/duckdb/internal/lineage_sources.h"

#include <algorithm>
#include <tuple>

#include "common/field_path.h"
#include "common/text.h"

namespace neurolake::engine::duckdb {
namespace {

using plan::DependenceKind;
using plan::LineagePart;
using plan::LineageSource;

constexpr uint16_t Bit(DependenceKind kind) { return static_cast<uint16_t>(1U << static_cast<int>(kind)); }
constexpr uint16_t kDirect =
    Bit(DependenceKind::kIdentity) | Bit(DependenceKind::kTransformation) | Bit(DependenceKind::kAggregation);

bool Before(const LineagePart& a, const LineagePart& b) {
  return std::tie(a.source.relation, a.source.field, a.from, a.to) <
         std::tie(b.source.relation, b.source.field, b.from, b.to);
}

uint16_t ComputedKinds(uint16_t before, DependenceKind kind) {
  uint16_t kinds = before & ~kDirect;
  if ((before & Bit(DependenceKind::kAggregation)) != 0) kinds |= Bit(DependenceKind::kAggregation);
  else if ((before & kDirect) != 0) kinds |= Bit(kind);
  return kinds;
}

std::string Joined(const std::string& outer, const std::string& inner) {
  return outer.empty() || inner.empty() ? outer + inner : outer + kFieldSeparator + inner;
}

}  // namespace

Sources Sources::Of(uint32_t relation, uint32_t field) {
  Sources sources;
  sources.parts_.push_back({.source = {relation, field, Bit(DependenceKind::kIdentity)}});
  return sources;
}

std::vector<LineageSource> Sources::entries() const {
  std::vector<LineageSource> entries;
  for (const LineagePart& part : parts_) {
    LineageSource source = part.source;
    if (!part.from.empty() || !part.to.empty())
      source.kinds = ComputedKinds(source.kinds, DependenceKind::kTransformation);
    const bool known =
        !entries.empty() && entries.back().relation == source.relation && entries.back().field == source.field;
    if (known) entries.back().kinds |= source.kinds;
    else entries.push_back(source);
  }
  return entries;
}

bool Sources::Add(LineagePart part) {
  const auto place = std::ranges::lower_bound(parts_, part, Before);
  if (place == parts_.end() || Before(part, *place)) {
    parts_.insert(place, std::move(part));
    return true;
  }
  const auto kinds = static_cast<uint16_t>(place->source.kinds | part.source.kinds);
  return std::exchange(place->source.kinds, kinds) != kinds;
}

bool Sources::Add(const Sources& other) {
  bool changed = false;
  for (const LineagePart& part : other.parts_) changed = Add(part) || changed;
  return changed;
}

Sources Sources::Computed(DependenceKind kind) const {
  if (kind == DependenceKind::kIdentity) return *this;
  Sources computed;
  for (LineagePart part : parts_) {
    part.source.kinds = ComputedKinds(part.source.kinds, kind);
    part.to.clear();
    computed.Add(std::move(part));
  }
  return computed;
}

Sources Sources::Deciding(DependenceKind kind) const {
  Sources deciding;
  for (LineagePart part : parts_) {
    part.source.kinds = Bit(kind);
    part.to.clear();
    deciding.Add(std::move(part));
  }
  return deciding;
}

Sources Sources::Inside(const std::string& name) const {
  Sources inside;
  for (LineagePart part : parts_) {
    if (!part.to.empty()) {
      const size_t end = part.to.find(kFieldSeparator);
      if (!EqualsIgnoringCase(part.to.substr(0, end), name)) continue;
      part.to = end == std::string::npos ? "" : part.to.substr(end + 1);
    } else if ((part.source.kinds & Bit(DependenceKind::kIdentity)) != 0) {
      LineagePart narrower = part;
      narrower.source.kinds = Bit(DependenceKind::kIdentity);
      narrower.from = Joined(part.from, name);
      inside.Add(std::move(narrower));
      part.source.kinds &= static_cast<uint16_t>(~Bit(DependenceKind::kIdentity));
      if (part.source.kinds == 0) continue;
    }
    inside.Add(std::move(part));
  }
  return inside;
}

Sources Sources::Within(const std::string& name) const {
  Sources within;
  for (LineagePart part : parts_) {
    part.to = Joined(name, part.to);
    within.Add(std::move(part));
  }
  return within;
}

}  // namespace neurolake::engine::duckdb
