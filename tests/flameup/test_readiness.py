"""A web process on a PostgreSQL of its own: what it says of one that is unsafe, gone or stuck."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from flameup.processes import children_of
from tests.flameup.own_postgres import home, hung, postgres, serve  # noqa: F401 (fixtures)
from tests.flameup.running import wait_for

pytestmark = pytest.mark.any_server

FORGETFUL = ["fsync", "full_page_writes", "synchronous_commit"]
NOT_DURABLE = "the database is not durable"


def ask(server, path="/readyz"):
    """Return the status, the answer and how long it took."""
    began = time.monotonic()
    answer = httpx.get(f"{server.url}{path}", timeout=20, trust_env=False)
    return answer.status_code, answer.json(), time.monotonic() - began


quick = pytest.mark.parametrize("postgres", [True], ids=["throwaway"], indirect=True)


@quick
def test_database_that_forgets_makes_unready(serve):  # noqa: F811 (the fixtures)
    with serve(probe="/healthz", FLAMEUP_ALLOW_UNSAFE_DATABASE="0") as server:
        status, answer, _ = ask(server)
        wait_for(lambda: NOT_DURABLE in server.log.read_text(), 5, "the line in the log")
        ask(server)
        assert server.log.read_text().count(NOT_DURABLE) == 1
    assert (status, answer["status"], answer["warnings"]) == (503, "unready", [])
    assert [problem.split()[1] for problem in answer["problems"]] == FORGETFUL


@quick
def test_database_that_forgets_is_warned_of_where_it_is_allowed(serve):  # noqa: F811 (the fixtures)
    with serve() as server:
        status, answer, _ = ask(server)
        assert NOT_DURABLE not in server.log.read_text()
    assert (status, answer["status"], answer["problems"]) == (200, "degraded", [])
    assert [warning.split()[1] for warning in answer["warnings"]] == FORGETFUL


def test_database_that_keeps_all_is_ready(serve):  # noqa: F811 (the fixtures)
    with serve(FLAMEUP_ALLOW_UNSAFE_DATABASE="0") as server:
        wait_for(lambda: ask(server)[1]["status"] == "ready", 5, "listening to the database")
        assert ask(server)[:2] == (200, {"status": "ready", "problems": [], "warnings": []})
        assert NOT_DURABLE not in server.log.read_text()


def test_database_that_goes_and_comes_back(serve, postgres):  # noqa: F811 (the fixtures)
    with serve() as server:
        postgres.stop()
        status, answer, _ = ask(server)
        assert (status, answer["problems"]) == (503, ["The database cannot be reached."])
        postgres.start()
        wait_for(lambda: ask(server)[1]["status"] == "ready", 10, "ready again")


def visit(server):
    """Open a page for which a session is looked up in the database."""
    cookies = {"sessionid": "a" * 32}
    httpx.get(f"{server.url}/admin/", cookies=cookies, timeout=20, trust_env=False)


def count_threads(server):
    workers = list(children_of(server.process.pid))
    return sum(len(list(Path(f"/proc/{worker}/task").iterdir())) for worker in workers)


def test_database_that_hangs_is_told_in_time(serve, postgres):  # noqa: F811 (the fixtures)
    with serve(FLAMEUP_WEB_THREADS="2") as server, ThreadPoolExecutor(10) as pool:
        ask(server)
        with hung(postgres):
            # These take all threads that views have.
            for _ in range(4):
                pool.submit(visit, server)
            assert ask(server, "/healthz")[2] < 1
            answers = list(pool.map(lambda _: ask(server), range(6)))
            before = count_threads(server)
            answers += [ask(server) for _ in range(3)]
            assert count_threads(server) <= before
        assert {status for status, _, _ in answers} == {503}
        assert answers[0][1]["status"] == "unready"
        assert max(seconds for _, _, seconds in answers) < 3
        assert max(seconds for _, _, seconds in answers[-3:]) < 0.5
        wait_for(lambda: ask(server)[0] == 200, 15, "ready again")


def test_views_that_all_wait_leave_readiness_alone(serve, postgres):  # noqa: F811 (the fixtures)
    with serve(FLAMEUP_WEB_THREADS="2") as server, ThreadPoolExecutor(4) as pool:
        with postgres.connect() as session:
            session.execute("LOCK TABLE django_session")
            pages = [pool.submit(visit, server) for _ in range(4)]
            time.sleep(0.5)
            status, _, seconds = ask(server)
            assert not any(page.done() for page in pages)
        assert (status, seconds < 1) == (200, True)
