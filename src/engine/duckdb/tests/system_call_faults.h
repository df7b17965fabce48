#pragma once
#include <cstdint>
#include <string>

namespace neurolake::engine::duckdb {

/// What goes wrong with one of the operating system's calls on files below a directory, whoever makes it: DuckDB
/// writing a data file, or the store writing the log. This program defines open, write, fsync, rename … itself, and
/// the linker takes these for the libraries' calls too.
struct SystemCallFault {
  enum class Kind : uint8_t {
    kError,       ///< The call has no effect and fails with EIO.
    kDiskFull,    ///< It and all further ones that write fail with ENOSPC.
    kShortWrite,  ///< Half of the bytes, and then the disk is full; other calls as kDiskFull.
  };
  Kind kind = Kind::kError;
  std::string directory;
  int64_t nth = 1;  ///< Of the calls that change something below `directory`, and those that read with `reads`.
  bool reads = false;
};

void ArmSystemCallFault(const SystemCallFault& fault);
/// True if it struck. Calls work again.
bool DisarmSystemCallFault();

/// From now on each thread that writes to a file below `directory` waits until `threads` of them do, or half a minute
/// has shown that they do not.
void MeetInWrites(const std::string& directory, size_t threads);
/// Waits until one has come to write, at most half a minute; false if none did.
bool WaitForWriter();
/// How many threads wrote. Nobody waits any more.
size_t EndMeeting();

}  // namespace neurolake::engine::duckdb
