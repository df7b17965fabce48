#pragma once
#include <string>
#include <string_view>

#include "common/result.h"
#include "plan/lineage_digest.h"

namespace neurolake::query {

/// What a worker tells the server about one plan that writes, before it runs it; payload of FrameKind::kLineage.
std::string EncodeLineage(const plan::LineageDigest& digest);
/// Errors: kCorruption; indexes are checked, so that the result may be walked without a look.
Result<plan::LineageDigest> DecodeLineage(std::string_view payload);

}  // namespace neurolake::query
