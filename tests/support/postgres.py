"""A real PostgreSQL on 127.0.0.1, started and stopped by the test. Its processes may not run as root, so as root they run
as Debian's user postgres."""
import glob
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from ports import free_port


class Postgres:
    def __init__(self):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.folder = tempfile.mkdtemp(prefix="neurolake-pg-")
        self.port = free_port()
        self.databases = 0

    def run(self, *command, **options):
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        return subprocess.run(prefix + list(command), check=True, capture_output=True, cwd="/", **options)

    def __enter__(self):
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        data = self.folder + "/data"
        self.run(f"{self.bin}/initdb", "-D", data, "-A", "trust", "-U", "lake", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        options = (f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} "
                   "-c fsync=off -c max_connections=200")
        self.run(f"{self.bin}/pg_ctl", "-w", "-D", data, "-l", self.folder + "/log", "-o", options, "start")
        return self

    def __exit__(self, *ignored):
        try:
            self.run(f"{self.bin}/pg_ctl", "-D", self.folder + "/data", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self):
        """The URL of an empty database."""
        self.databases += 1
        name = f"lake_{self.databases}"
        self.run(f"{self.bin}/createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "lake", name)
        return f"postgresql://lake@127.0.0.1:{self.port}/{name}"
