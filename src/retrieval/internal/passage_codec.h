#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "retrieval/passage_log.h"

namespace neurolake::retrieval {

/// A group of changes as the payload of a frame, and back; nullopt for what is no such group.
std::string EncodeChanges(const std::vector<PassageChange>& changes);
std::optional<std::vector<PassageChange>> DecodeChanges(std::string_view payload, size_t dimension);

}  // namespace neurolake::retrieval
