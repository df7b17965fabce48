#pragma once
#include <iosfwd>
#include <memory>

#include "cli/result_writer.h"

namespace neurolake::cli {

/// A table in box-drawing characters for people, or with `expanded` one block per row.
std::unique_ptr<ResultWriter> MakeBoxWriter(const WriterOptions& options, std::ostream& out);

}  // namespace neurolake::cli
