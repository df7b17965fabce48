#pragma once
#include <string>
#include <string_view>

#include "common/descriptor.h"
#include "common/result.h"

namespace neurolake::storage {

/// Files of the local file system below a directory, reached without following a link. Whoever may write into a table's
/// directory, or its log, must not choose what the server reads or deletes elsewhere. The directory itself may be
/// reached through links: it was chosen by somebody who may. `path` is absolute and below `directory` in its text.
/// Errors of all: kPermissionDenied for a path with a link below `directory`, with "..", or that is not below it;
/// kNotFound; kIoError.

/// What to read the regular file with.
Result<Descriptor> OpenBelow(const std::string& directory, std::string_view path);
/// Succeeds where nothing is there. A link in the last place is deleted, not what it leads to.
Result<void> DeleteBelow(const std::string& directory, std::string_view path);
/// Whether the way to the file leads through a link, or the file is one. What is not there is no link.
Result<bool> LeadsThroughLink(const std::string& directory, std::string_view path);

}  // namespace neurolake::storage
