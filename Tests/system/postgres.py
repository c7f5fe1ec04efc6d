"""A PostgreSQL server of its own, on a socket in a temporary folder."""
import glob
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile


class Postgres:
    def __init__(self):
        # The server refuses root, and its user must reach the folder.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="apus-pg-", dir="/tmp"))
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user)
        self.run("initdb", "-D", self.folder / "db", "-U", "apus", "-A", "trust", "--no-sync", "--no-instructions")
        self.start()
        self.run("createdb", "-h", self.folder, "-U", "apus", "records")

    @property
    def location(self):
        return f"postgres://apus@/records?host={self.folder}"

    def run(self, program, *words):
        prefix = ["runuser", "-u", self.user, "--"] if os.geteuid() == 0 else []
        subprocess.run([*prefix, f"{self.bin}/{program}", *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/tmp")

    def start(self):
        self.run("pg_ctl", "-D", self.folder / "db", "-w", "-l", self.folder / "log", "-o", f"-k {self.folder} -h '' -c fsync=off -c max_connections=40", "start")

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "db", "-m", "immediate", "-w", "stop")

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def clear(self):
        self.run("psql", "-h", self.folder, "-U", "apus", "-d", "records", "-c", "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
