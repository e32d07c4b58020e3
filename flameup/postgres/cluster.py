"""The making of a cluster: all at once, or not at all."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from flameup.data_folder import write_private
from flameup.postgres.account import Account
from flameup.postgres.errors import PostgresError
from flameup.postgres.layout import DATABASE, ROLE, Layout

# The environment of PostgreSQL's programs: none of our secrets, none of the user's PG variables.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

_MEBIBYTE = 1024 * 1024


def make_cluster(
    programs: Path,
    account: Account,
    layout: Layout,
    *,
    inherited: Sequence[int] = (),
    is_throwaway: bool = False,
) -> None:
    """Make the cluster with its role, password and database.

    It is made in a draft folder and renamed when it is whole, so that a start
    that is killed leaves nothing half made. The programs inherit the descriptors of
    the locks, because they outlive such a start and still write into the draft.
    """
    if layout.draft.exists():
        shutil.rmtree(layout.draft)
    layout.draft.mkdir(mode=0o700)
    account.own(layout.draft)
    command = _initdb_command(programs, layout.draft, is_throwaway=is_throwaway)
    _run(command, account, inherited)
    (layout.draft / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    password = secrets.token_urlsafe(32)
    _run_alone(
        programs,
        account,
        inherited,
        layout.draft,
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'",
        f"GRANT pg_monitor TO {ROLE}",
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
    )
    _write_passfile(layout, password)
    layout.draft.rename(layout.cluster)
    _sync_folder(layout.data_dir)


def renew_password(
    programs: Path, account: Account, layout: Layout, *, inherited: Sequence[int] = ()
) -> None:
    """Give the role a new password; the server must be down."""
    password = secrets.token_urlsafe(32)
    statement = f"ALTER ROLE {ROLE} PASSWORD '{password}'"
    _run_alone(programs, account, inherited, layout.cluster, statement)
    _write_passfile(layout, password)


def _write_passfile(layout: Layout, password: str) -> None:
    write_private(layout.passfile, f"*:*:*:{ROLE}:{password}\n")


def _initdb_command(programs: Path, folder: Path, *, is_throwaway: bool) -> list[str]:
    """Return the command; the superuser `postgres` gets no password, so nobody can be it."""
    command = [str(programs / "initdb"), f"--pgdata={folder}", "--username=postgres"]
    command += ["--auth=reject", "--encoding=UTF8", "--locale=C"]
    # The built-in provider knows Unicode's letters and never changes with the C library.
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += [f"--set={name}={value}" for name, value in _tuning().items()]
    return [*command, "--no-sync"] if is_throwaway else command


def _tuning() -> dict[str, str]:
    """Return settings for ingest, kept in `postgresql.conf` where an operator may change them."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MEBIBYTE
    return {
        "shared_buffers": f"{min(max(memory // 8, 128), 1024)}MB",
        "effective_cache_size": f"{max(memory // 2, 256)}MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        # Events are only ever inserted: without this they are vacuumed too seldom for the
        # visibility map, and index-only scans read the table after all.
        "autovacuum_vacuum_insert_scale_factor": "0.02",
        "autovacuum_vacuum_insert_threshold": "10000",
        "autovacuum_analyze_scale_factor": "0.05",
        "autovacuum_naptime": "20s",
        "random_page_cost": "1.1",
        # Compiling costs more than our queries take.
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }


def _run_alone(
    programs: Path, account: Account, inherited: Sequence[int], folder: Path, *statements: str
) -> None:
    """Run statements in a server that nobody can connect to; they appear in no process list."""
    command = [str(programs / "postgres"), "--single", "-c", "exit_on_error=on"]
    command += ["-D", str(folder), "postgres"]
    _run(command, account, inherited, "\n".join(statements) + "\n")


def _run(command: list[str], account: Account, inherited: Sequence[int], text: str = "") -> None:
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=ENVIRONMENT,
        pass_fds=inherited,
        **account.process_options,
    )
    if done.returncode:
        message = (done.stderr or done.stdout).strip().replace(text.strip() or "\0", "…")
        raise PostgresError(f"{Path(command[0]).name} failed: {message}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
