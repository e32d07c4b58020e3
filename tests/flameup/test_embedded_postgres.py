import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread, Timer

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from flameup.postgres import EmbeddedPostgres, PostgresError, database_settings
from flameup.postgres.commands import embedded_server, needs_database
from flameup.postgres.layout import DATABASE, ROLE
from flameup.postgres.server import remove_stale_process_file
from tests.database import make_data_folder
from tests.flameup.running import PROJECT, wait_for

pytestmark = pytest.mark.any_server

FIRST_START = """
import sys
from pathlib import Path
from flameup.postgres import EmbeddedPostgres
from flameup.postgres.commands import embedded_server
server = EmbeddedPostgres(Path(sys.argv[1]), is_throwaway=True)
with embedded_server(server), server.connect() as connection:
    print(connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()[0])
"""


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    folder = make_data_folder()
    server = EmbeddedPostgres(folder)
    with embedded_server(server):
        yield server
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def finished() -> Iterator[Path]:
    """A data folder whose cluster is made, with no server running."""
    folder = make_data_folder()
    with embedded_server(EmbeddedPostgres(folder, is_throwaway=True)):
        pass
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def made_folder(finished: Path, data_folder: Path) -> Path:
    """A copy of it, because making one takes a second."""
    copy_cluster(finished, data_folder)
    return data_folder


def copy_cluster(source: Path, target: Path) -> None:
    for name in ("postgres", "postgres.password"):
        subprocess.run(["/bin/cp", "-a", str(source / name), str(target)], check=True)


def setting(server: EmbeddedPostgres, name: str) -> str:
    with server.connect() as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def test_only_its_own_user_can_reach_the_socket(server: EmbeddedPostgres) -> None:
    folder = server.layout.socket_folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert setting(server, "listen_addresses") == ""


@pytest.mark.parametrize("user", [ROLE, "postgres"])
def test_nobody_gets_in_without_the_password(server: EmbeddedPostgres, user: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host=str(server.layout.socket_folder), user=user, dbname=DATABASE, password="wrong"
        )


def test_the_application_is_no_superuser(server: EmbeddedPostgres) -> None:
    assert setting(server, "is_superuser") == "off"


def test_the_password_file_is_private(server: EmbeddedPostgres) -> None:
    assert stat.S_IMODE(server.layout.passfile.stat().st_mode) == 0o600


def test_a_password_in_the_environment_does_not_get_in_the_way(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "another")
    settings = database_settings("", server.layout.data_dir)
    with psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        dbname=settings["NAME"],
        **settings["OPTIONS"],
    ) as connection:
        assert connection.execute("SELECT lower('ÄŁЖ')").fetchone() == ("äłж",)


@pytest.mark.parametrize(
    ("name", "value"),
    [("fsync", "on"), ("full_page_writes", "on"), ("synchronous_commit", "on"), ("jit", "off")],
)
def test_is_durable_and_tuned(server: EmbeddedPostgres, name: str, value: str) -> None:
    assert setting(server, name) == value


def test_a_second_command_uses_the_server_that_runs(server: EmbeddedPostgres) -> None:
    second = EmbeddedPostgres(server.layout.data_dir)
    with embedded_server(second):
        assert second.process is None
        assert second.is_reachable()
    assert server.is_reachable()


def test_a_server_is_not_stopped_under_a_second_command(made_folder: Path) -> None:
    is_using, may_leave, found = Event(), Event(), []

    def use() -> None:
        second = EmbeddedPostgres(made_folder)
        with embedded_server(second):
            is_using.set()
            may_leave.wait(20)
            found.append(second.is_reachable())

    other = Thread(target=use)
    # The first command is over long before the second lets go.
    leaver = Timer(1, may_leave.set)
    with ExitStack() as stack:
        stack.enter_context(embedded_server(EmbeddedPostgres(made_folder, is_throwaway=True)))
        other.start()
        leaver.start()
        assert is_using.wait(20)
    other.join()
    leaver.join()
    assert found == [True]


@pytest.mark.parametrize("name", ["with a space, and a comma", "long " + "x" * 120, 'a "quote"'])
def test_runs_under_any_path(finished: Path, data_folder: Path, name: str) -> None:
    folder = data_folder / name
    folder.mkdir(mode=0o711)
    copy_cluster(finished, folder)
    server = EmbeddedPostgres(folder, is_throwaway=True)
    with embedded_server(server):
        assert server.is_reachable()
        assert stat.S_IMODE(server.layout.socket_folder.stat().st_mode) == 0o700
    if not server.layout.socket_folder.is_relative_to(folder):
        server.layout.socket_folder.rmdir()


def test_what_is_committed_survives_a_kill(made_folder: Path) -> None:
    server = EmbeddedPostgres(made_folder)
    with embedded_server(server):
        with server.connect() as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
        assert server.process is not None
        server.process.kill()
        server.process.wait()
        server.start()
        with server.connect() as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (42,)


def test_two_first_starts_at_once_make_one_cluster(data_folder: Path) -> None:
    command = [sys.executable, "-c", FIRST_START, str(data_folder)]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT) for _ in range(2)]
    answers = {start.communicate(timeout=60)[0] for start in starts}
    assert [start.returncode for start in starts] == [0, 0]
    assert len(answers) == 1


def test_ends_with_the_process_that_started_it(made_folder: Path) -> None:
    script = FIRST_START.replace("print(", "import time; print(server.process.pid, flush=True);(")
    script += "    time.sleep(1000)\n"
    command = [sys.executable, "-c", script, str(made_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as starter:
        assert starter.stdout is not None
        process_id = int(starter.stdout.readline())
        starter.send_signal(signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{process_id}").exists(), 20, "the end of the server")


def test_a_first_start_that_was_killed_is_made_anew(data_folder: Path) -> None:
    (data_folder / "postgres.draft").mkdir()
    (data_folder / "postgres.draft" / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(data_folder, is_throwaway=True)
    with embedded_server(server):
        assert server.is_reachable()
    assert not (data_folder / "postgres.draft").exists()


def test_a_lost_password_is_replaced(made_folder: Path) -> None:
    server = EmbeddedPostgres(made_folder, is_throwaway=True)
    server.layout.passfile.unlink()
    with embedded_server(server):
        assert server.is_reachable()


def test_leaves_the_folders_it_did_not_make_alone(data_folder: Path) -> None:
    folder = data_folder / "mine"
    folder.mkdir(mode=0o755)
    before = [(path.stat().st_mode, path.stat().st_uid) for path in (data_folder, folder)]
    with embedded_server(EmbeddedPostgres(folder, is_throwaway=True)):
        pass
    assert [(path.stat().st_mode, path.stat().st_uid) for path in (data_folder, folder)] == before


def test_refuses_a_socket_folder_that_others_can_enter(data_folder: Path) -> None:
    (data_folder / "postgres.socket").mkdir(mode=0o755)
    with pytest.raises(PostgresError, match="mode 0700"):
        EmbeddedPostgres(data_folder).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_says_what_to_do_when_root_chose_a_closed_folder(data_folder: Path) -> None:
    closed = data_folder / "closed"
    closed.mkdir(mode=0o700)
    (closed / "data").mkdir(mode=0o711)
    with pytest.raises(PostgresError, match="Choose another FLAMEUP_DATA_DIR, or set DATABASE_URL"):
        EmbeddedPostgres(closed / "data").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("process_id", "is_kept"), [(os.getpid(), False), (2**22 + 1, True)], ids=["ours", "nobody"]
)
def test_a_process_id_that_now_belongs_to_something_else_is_forgotten(
    data_folder: Path, process_id: int, is_kept: bool
) -> None:
    file = data_folder / "postmaster.pid"
    file.write_text(f"{process_id}\n{data_folder}\n")
    remove_stale_process_file(data_folder)
    assert file.exists() == is_kept


def test_reads_a_url(data_folder: Path) -> None:
    url = "postgres://jane:p%40ss@db.example.com:6432/events?sslmode=require&connect_timeout=3"
    assert database_settings(url, data_folder) == {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "NAME": "events",
        "USER": "jane",
        "PASSWORD": "p@ss",
        "HOST": "db.example.com",
        "PORT": "6432",
        "OPTIONS": {"sslmode": "require", "connect_timeout": "3"},
    }


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///db.sqlite3",
        "mysql://localhost/events",
        "host=localhost dbname=events",
        "postgres://localhost:port/events?nonsense=1",
        "postgresql://localhost",
    ],
)
def test_refuses_what_is_no_url_of_postgresql(data_folder: Path, url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        database_settings(url, data_folder)


def test_an_error_in_the_url_does_not_show_the_password(data_folder: Path) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        database_settings("postgres://jane:se%zzcret@localhost/events", data_folder)
    assert "cret" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("manage.py migrate", True),
        ("manage.py something_new", True),
        ("manage.py check --database default", True),
        ("manage.py check", False),
        ("manage.py quickstart --port 80", False),
        ("manage.py migrate --help", False),
        ("manage.py", False),
    ],
)
def test_knows_which_commands_need_a_database(line: str, expected: bool) -> None:
    assert needs_database(line.split()) == expected
