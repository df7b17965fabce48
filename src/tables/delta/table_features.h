#pragma once
#include <set>
#include <string>
#include <string_view>

#include "common/result.h"
#include "tables/delta/actions.h"

namespace neurolake::tables::delta {

/// Table features, by the names of PROTOCOL.md ("Valid Feature Names in Table Features"), that this product can turn
/// on. What a table may have beyond them is for CheckReadable and CheckWritable to say.
/// True for features that readers must know too.
bool IsReaderFeature(std::string_view feature);

/// The canonical spelling of a feature that can be added to a table. Errors: kNotSupported naming it.
Result<std::string> AddableFeature(std::string_view feature);

/// What `protocol` supports: the listed features, or those that a legacy writer version stands for.
std::set<std::string> SupportedFeatures(const Protocol& protocol);

/// The oldest protocol with all of `features`: legacy versions where these say it, else version 7 (and 3 if any of them
/// is a reader's feature). Source: PROTOCOL.md, "Table Features for New and Existing Tables".
Protocol MakeProtocol(const std::set<std::string>& features);

/// `protocol` with `features` added; the same protocol if it has them all. An older one stays among the legacy versions
/// as long as these can say it. Nothing is ever taken away: older versions of the table may have used it.
Protocol WithFeatures(const Protocol& protocol, const std::set<std::string>& features);

}  // namespace neurolake::tables::delta
