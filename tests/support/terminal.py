"""A program on a pseudo-terminal, for tests of what only a person at a terminal sees."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time


class Terminal:
    """`command` on a terminal of 40 lines and `columns` columns; `expect` waits for output, never for time."""

    def __init__(self, command, environment=None, columns=100):
        self.output = ""
        self.status = None
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **(environment or {})})
            os.execv(command[0], command)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.descriptor)

    def send(self, text):
        os.write(self.descriptor, text.encode())

    def read_some(self, timeout):
        """False at the end of the output, or when nothing came for `timeout` seconds."""
        if not select.select([self.descriptor], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:  # Linux's way to say that the other side is closed.
            return False
        self.output += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern, timeout=30):
        """Reads until `pattern` matches; takes the output up to its end away and returns it without control sequences."""
        deadline = time.monotonic() + timeout
        while True:
            match = re.search(pattern, self.output)
            if match:
                taken, self.output = self.output[: match.end()], self.output[match.end():]
                return plain(taken)
            left = deadline - time.monotonic()
            if left <= 0 or not self.read_some(left):
                raise AssertionError(f"no {pattern!r} in the output:\n{plain(self.output)[-3000:]}")

    def expect_prompt(self, pattern, timeout=30):
        """As `expect`, and until the program reads keys one by one: what is typed before would be the terminal's."""
        shown = self.expect(pattern, timeout)
        deadline = time.monotonic() + timeout
        while termios.tcgetattr(self.descriptor)[3] & termios.ICANON:
            if time.monotonic() > deadline:
                raise AssertionError("the program shows its prompt and does not read keys")
            select.select([], [], [], 0.005)
        return shown

    def wait(self, timeout=30):
        """The exit status; what was printed until then is in `output`."""
        deadline = time.monotonic() + timeout
        while self.read_some(max(0.0, deadline - time.monotonic())):
            pass
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                return self.status
            if time.monotonic() > deadline:
                raise AssertionError(f"the program does not end:\n{plain(self.output)[-3000:]}")
            select.select([], [], [], 0.01)


def plain(text):
    """`text` without escape sequences and carriage returns."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r|\x07", "", text)
