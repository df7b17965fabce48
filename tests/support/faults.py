"""One file operation of a server or of its workers goes wrong, and whoever asks knows which one: the n-th below some
directories. The library that both load in front of the C library is src/engine/duckdb/tests/system_call_faults.cc."""
import mmap
import pathlib
import struct
import tempfile

ERROR, DISK_FULL, SHORT_WRITE, SHORT_READ = KINDS = (1, 2, 3, 4)
NAMES = {ERROR: "error", DISK_FULL: "full disk", SHORT_WRITE: "short write", SHORT_READ: "short read"}

#: Board of system_call_faults.cc: kind, reads, nth, seen, struck, call, path, two directories.
BOARD = struct.Struct("=iiqqq16s512s512s512s")
KIND = struct.Struct("=i")


class Faults:
    """`environment` is for the server. Everything else may be called at any time from one thread."""

    def __init__(self, binary):
        library = pathlib.Path(binary).resolve().parents[1] / "lib" / "libsystem_call_faults.so"
        if not library.is_file():
            raise RuntimeError(f"{library} is not built; the target is system_call_faults")
        self.file = tempfile.NamedTemporaryFile(prefix="neurolake-faults-")
        self.file.truncate(BOARD.size)
        self.board = mmap.mmap(self.file.fileno(), BOARD.size)
        self.environment = {"LD_PRELOAD": str(library), "SYSTEM_CALL_FAULTS": self.file.name}

    def close(self):
        self.board.close()
        self.file.close()

    def arm(self, kind, nth, directories):
        """At most two directories, without links in them."""
        first, second = [str(directory).encode() for directory in directories] + [b""] * (2 - len(directories))
        self.board[:] = BOARD.pack(0, 1, nth, 0, 0, b"", b"", first, second)
        KIND.pack_into(self.board, 0, kind)

    def seen(self):
        """How many calls could have been the one since `arm`."""
        return BOARD.unpack(self.board[:])[3]

    def disarm(self):
        """The call that failed and its file; None if the turn never came."""
        KIND.pack_into(self.board, 0, 0)
        _, _, _, _, struck, call, path, _, _ = BOARD.unpack(self.board[:])
        return f"{call.split(bytes(1))[0].decode()} {path.split(bytes(1))[0].decode()}" if struck else None
