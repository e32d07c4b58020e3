"""The embedded server: start, wait, stop."""

import contextlib
import os
import signal
import stat
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from flameup.postgres.account import Account, server_account
from flameup.postgres.binaries import program_folder
from flameup.postgres.cluster import ENVIRONMENT, make_cluster, renew_password
from flameup.postgres.errors import PostgresError
from flameup.postgres.layout import DATABASE, PORT, ROLE, Layout
from flameup.processes import ending_with_parent

_POLL_SECONDS = 0.02
_RETRY_SECONDS = 30.0
_LONGEST_RECOVERY_SECONDS = 600.0
_LONGEST_PAUSE_SECONDS = 2.0
_FAST_STOP_SECONDS = 60.0

_FAST_BUT_FORGETFUL = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_DURABLE = ("fsync=on", "full_page_writes=on", "synchronous_commit=on")


class EmbeddedPostgres:
    """A PostgreSQL of our own on a data folder; hold its `owner_lock` in order to run it.

    `is_throwaway` trades durability for speed: for the clusters of a test run only.
    """

    def __init__(self, data_dir: Path, *, is_throwaway: bool = False) -> None:
        self.layout = Layout(data_dir)
        self.process: subprocess.Popen[bytes] | None = None
        self._is_throwaway = is_throwaway

    def start(self, inherited: Sequence[int] = ()) -> None:
        """Start the server and wait until it answers.

        Right after `kill -9` a start may fail of the shared memory that a dying
        process still holds, so it is tried again for a while.
        """
        deadline = time.monotonic() + _RETRY_SECONDS
        pause = 0.2
        while True:
            self.process = self.spawn(inherited)
            if self._wait_until_reachable(self.process):
                return
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL does not start: {self.last_words()}")
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def stop(self) -> None:
        """Stop the server, ending its connections, and wait until it has gone."""
        process, self.process = self.process, None
        if process is None:
            return
        for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.send_signal(request)
                process.wait(_FAST_STOP_SECONDS)
                return

    def spawn(self, inherited: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        """Start the server process, making whatever it needs and is missing, and do not wait."""
        account = server_account(self.layout.cluster)
        programs = self._prepare(account, inherited)
        remove_stale_process_file(self.layout.cluster)
        with self.layout.start_log.open("wb") as log:
            return subprocess.Popen(
                self._command(programs),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,
                pass_fds=inherited,
                preexec_fn=ending_with_parent(signal.SIGINT),  # noqa: PLW1509 (calls the kernel only)
                **account.process_options,
            )

    def is_reachable(self) -> bool:
        """Tell whether the server answers a query."""
        try:
            with self.connect() as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def connect(self) -> psycopg.Connection:
        """Open a connection as the application does."""
        return psycopg.connect(
            host=str(self.layout.socket_folder),
            port=PORT,
            user=ROLE,
            dbname=DATABASE,
            password="",
            passfile=str(self.layout.passfile),
            connect_timeout=5,
        )

    def last_words(self) -> str:
        """Return what the server last wrote before it ended."""
        lines = self.layout.start_log.read_text(errors="replace").strip().splitlines()
        return "\n".join(lines[-5:]) or f"see {self.layout.log_folder}"

    def _wait_until_reachable(self, process: subprocess.Popen[bytes]) -> bool:
        """Return False when the process ends; one that recovers from a crash gets its time."""
        deadline = time.monotonic() + _LONGEST_RECOVERY_SECONDS
        while process.poll() is None:
            if self.is_reachable():
                return True
            if time.monotonic() > deadline:
                raise PostgresError(
                    f"PostgreSQL runs but does not answer: {self.last_words()}\n"
                    f"See {self.layout.log_folder}"
                )
            time.sleep(_POLL_SECONDS)
        return False

    def _prepare(self, account: Account, inherited: Sequence[int]) -> Path:
        """Make folders and cluster where they are missing; return the folder of programs."""
        layout = self.layout
        self._check_data_folder(account)
        self._prepare_folders(account)
        programs = program_folder(account, layout)
        if not layout.cluster.exists():
            make_cluster(
                programs,
                account,
                layout,
                inherited=inherited,
                is_throwaway=self._is_throwaway,
            )
        elif not layout.passfile.exists():
            renew_password(programs, account, layout, inherited=inherited)
        return programs

    def _command(self, programs: Path) -> list[str]:
        """Return the command; what is set here stands above every file of settings."""
        layout = self.layout
        socket_folder = str(layout.socket_folder).replace('"', '""')
        settings = [
            "listen_addresses=",
            f'unix_socket_directories="{socket_folder}"',
            "unix_socket_permissions=0700",
            f"port={PORT}",
            "password_encryption=scram-sha-256",
            "logging_collector=on",
            f"log_directory={layout.log_folder}",
            # A file a weekday, overwritten a week later.
            "log_filename=postgresql-%a.log",
            "log_truncate_on_rotation=on",
            "log_rotation_age=1d",
            "log_rotation_size=0",
            *(_FAST_BUT_FORGETFUL if self._is_throwaway else _DURABLE),
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        return [str(programs / "postgres"), "-D", str(layout.cluster), *options]

    def _check_data_folder(self, account: Account) -> None:
        if account.is_other and not account.can("-x", self.layout.data_dir):
            raise PostgresError(
                f"PostgreSQL refuses to run as root, and its own user cannot enter "
                f"{self.layout.data_dir} because that folder, or one above it, is closed to "
                "others. Choose another FLAMEUP_DATA_DIR, or set DATABASE_URL."
            )

    def _prepare_folders(self, account: Account) -> None:
        layout = self.layout
        if not layout.log_folder.parent.exists():
            layout.log_folder.parent.mkdir()
            layout.log_folder.parent.chmod(0o711)
        for folder in (layout.log_folder, layout.socket_folder):
            _make_private_folder(folder, account)


def _make_private_folder(folder: Path, account: Account) -> None:
    """Make the folder for the server alone; one that is there must be its own already."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        is_private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == stat.S_IRWXU
        # Root may have died between the two steps of making it.
        if not is_private or found.st_uid not in {account.uid, os.geteuid()}:
            raise PostgresError(
                f"{folder} must be a folder that only PostgreSQL's user can enter (mode 0700); "
                "remove it, or set it right."
            ) from None
    account.own(folder)


def remove_stale_process_file(cluster: Path) -> None:
    """Remove a dead server's `postmaster.pid` whose process id now belongs to something else.

    After a restart of a container the ids come round again, and PostgreSQL
    would take any process of its user for the old server.
    """
    file = cluster / "postmaster.pid"
    try:
        process_id = int(file.read_text().partition("\n")[0])
        name = Path(f"/proc/{process_id}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return
    if name != "postgres":
        file.unlink()
