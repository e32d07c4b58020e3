"""Several first starts at once, and ones that are killed: one database, accounts, one workspace."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from flameup.postgres import EmbeddedPostgres
from flameup.postgres.commands import embedded_server
from flameup.processes import FileLock
from tests.database import make_data_folder
from tests.flameup.running import PROJECT, START_SECONDS, Quickstart, processes_of, wait_for

pytestmark = pytest.mark.any_server

COUNTS = """
SELECT (SELECT count(*) FROM workspaces_user), (SELECT count(*) FROM workspaces_workspace),
       (SELECT count(*) FROM workspaces_apikey)
"""
OWNER = "jane@example.com"
ADD_OWNER = f"""
from workspaces.services import create_user
create_user(email="{OWNER}", password="correct horse battery")
"""
# Ends itself at a save, before or after it has written.
DIES_AT_A_SAVE = """
import os, signal, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "flameup.settings"
import django
django.setup()
from pathlib import Path
from flameup.management.installation import Installation
file, countdown, moment = Path(sys.argv[1]), [int(sys.argv[2])], sys.argv[3]
save = Installation.save
def dying(self):
    countdown[0] -= 1
    if countdown[0] == 0 and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    save(self)
    if countdown[0] == 0 and moment == "after":
        os.kill(os.getpid(), signal.SIGKILL)
Installation.save = dying
Installation.read(file).ensure_access(with_demo=False)
"""


@pytest.fixture
def quickstarts():
    """Makes quickstarts on one empty folder, each with a port of its own."""
    folder, made = make_data_folder(), []

    def make():
        made.append(Quickstart(folder, "--no-demo"))
        return made[-1]

    yield make
    for each in made:
        each.close()
    wait_for(lambda: not processes_of(folder), 25, "the end of all processes")
    shutil.rmtree(folder)


def is_done(quickstart):
    return any(line.startswith("curl ") for line in quickstart.lines)


def access(quickstart):
    """What is printed, without the port."""
    return quickstart.lines[1:4]


def counts(folder):
    with embedded_server(server := EmbeddedPostgres(folder)), server.connect() as connection:
        return connection.execute(COUNTS).fetchone()


def test_of_two_quickstarts_at_once_one_waits_and_takes_over(quickstarts):
    both = [quickstarts() for _ in range(2)]
    for each in both:
        each.start()
    wait_for(lambda: any(map(is_done, both)), START_SECONDS, "the first of two")
    [first], [second] = ([each for each in both if is_done(each) is done] for done in (True, False))
    assert second.lines == []
    assert first.send(signal.SIGTERM) == 0
    second.wait_until_ready()
    assert access(second) == access(first)
    assert second.send(signal.SIGTERM) == 0
    assert counts(second.folder) == (1, 1, 1)


def test_quickstart_killed_at_any_moment_starts_again(quickstarts):
    moments = random.Random(7)
    quickstart = quickstarts()
    for _ in range(6):
        quickstart.start()
        time.sleep(moments.uniform(0.3, 5))
        quickstart.send(signal.SIGKILL)
    quickstart.start()
    quickstart.wait_until_ready()
    wait_for(quickstart.answers, 20, "an answer")
    done = subprocess.run(["/bin/sh", "-c", quickstart.lines[-1]], capture_output=True, check=True)
    assert b'"success":true' in done.stdout
    assert quickstart.send(signal.SIGTERM) == 0
    assert counts(quickstart.folder) == (1, 1, 1)


def manage(folder, *arguments):
    unset = ("DATABASE_URL", "CELERY_BROKER_URL")
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=environment | {"FLAMEUP_DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outputs(processes):
    found = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), found
    return [stdout for stdout, _ in found]


def test_commands_at_once_on_an_empty_folder_make_one_database(data_folder):
    # The folder itself is missing, too.
    folder = data_folder / "new"
    outputs([manage(folder, "migrate") for _ in range(2)])
    outputs([manage(folder, "shell", "-v", "0", "-c", ADD_OWNER)])
    command = ("create_workspace", "Acme", "--owner", OWNER)
    ids = outputs([manage(folder, *command) for _ in range(2)])
    assert len(set(ids)) == 2
    assert counts(folder)[:2] == (1, 2)


def test_a_killed_start_keeps_the_lock_until_initdb_has_ended(data_folder):
    def initdbs():
        return [each for each in processes_of(data_folder).values() if "initdb" in each]

    start = manage(data_folder, "migrate")
    wait_for(initdbs, 20, "initdb runs")
    start.kill()
    start.communicate()
    lock = FileLock(EmbeddedPostgres(data_folder).layout.owner_lock)
    assert initdbs()
    assert not lock.acquire()
    assert lock.wait(20)
    assert not initdbs()
    lock.close()
    outputs([manage(data_folder, "migrate")])


@pytest.mark.parametrize(("save", "moment"), [(1, "after"), (2, "before"), (2, "after")])
def test_accounts_made_by_a_start_that_is_killed_are_made_once(data_folder, save, moment):
    outputs([manage(data_folder, "migrate")])
    file = data_folder / "quickstart.json"
    with embedded_server(EmbeddedPostgres(data_folder)):
        environment = os.environ | {"FLAMEUP_DATA_DIR": str(data_folder)}
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, "-c", DIES_AT_A_SAVE, str(file)]
        for number, code in ((save, -signal.SIGKILL), (0, 0)):
            done = subprocess.run(
                [*command, str(number), moment], cwd=PROJECT, env=environment, check=False
            )
            assert done.returncode == code
    assert counts(data_folder) == (1, 1, 1)
