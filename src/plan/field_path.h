#pragma once
#include "common/field_path.h"

namespace neurolake::plan {

// A mask, or a tag, of a field has the way to it in PolicyColumn: in `name` the names, in `physical` what the files
// call each.
using neurolake::FieldPath;
using neurolake::IsFieldPath;
using neurolake::kFieldSeparator;
using neurolake::ShownPath;

/// What a mask's expression calls the field that it masks, and what the files are said to call it, as no column's.
inline constexpr const char* kMaskedValue = "value";
inline constexpr const char* kMaskedValuePhysical = "\x01value";

}  // namespace neurolake::plan
