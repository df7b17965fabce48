#pragma once
#include <cstdint>
#include <string>

namespace neurolake::engine::duckdb {

/// What goes wrong with one of the operating system's calls on files below a directory, whoever makes it: DuckDB
/// writing a data file, or the store writing the log. This program defines open, write, fsync, rename … itself, and
/// the linker takes these for the libraries' calls too. The same source is a library of its own, which a server and
/// its workers load in front of the C library; tests/support/faults.py arms it there.
struct SystemCallFault {
  enum class Kind : int32_t {
    kError = 1,       ///< The call has no effect and fails with EIO. (A file that is closed is closed all the same.)
    kDiskFull = 2,    ///< It and all further ones that take room fail with ENOSPC.
    kShortWrite = 3,  ///< Half of the bytes are written, and then the disk is full.
    kShortRead = 4,   ///< Half of the bytes are read, once.
  };
  Kind kind = Kind::kError;
  std::string directory;
  int64_t nth = 1;     ///< Of the calls below `directory` that can go wrong in this way.
  bool reads = false;  ///< kError: of calls that change nothing, too.
};

void ArmSystemCallFault(const SystemCallFault& fault);
/// True if it struck. Calls work again.
bool DisarmSystemCallFault();
/// The call that the last fault struck, and the file: for messages.
std::string StruckSystemCall();

/// From now on each thread that writes to a file below `directory` waits until `threads` of them do, or half a minute
/// has shown that they do not.
void MeetInWrites(const std::string& directory, size_t threads);
/// Waits until one has come to write, at most half a minute; false if none did.
bool WaitForWriter();
/// How many threads wrote. Nobody waits any more.
size_t EndMeeting();

}  // namespace neurolake::engine::duckdb
