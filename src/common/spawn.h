#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace neurolake {

/// Starts `command` (a path, and arguments) with `input` and `output` as its standard input and output, nothing to
/// write errors to, no environment, and signals as a new program expects them: nothing of ours is the business of a
/// program that reads what others made. Sets `pid` if it runs; otherwise gives the error number. Whoever calls waits
/// for it.
int SpawnApart(const std::vector<std::string>& command, int input, int output, pid_t& pid);

}  // namespace neurolake
