import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.flameup.own_postgres import home, hung, postgres, serve  # noqa: F401 (fixtures)
from tests.flameup.running import wait_for

pytestmark = pytest.mark.any_server


def track(server, token):
    body = {"external_id": "user_123", "event": "signed_up"}
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server.url}/api/v1/track"
    return httpx.post(url, json=body, headers=headers, timeout=20, trust_env=False)


def test_who_waits_for_a_database_that_is_away_is_told_so(serve, postgres, home):  # noqa: F811
    with serve() as server, ThreadPoolExecutor(1) as pool:
        assert track(server, home.token).status_code == 200
        with hung(postgres) as processes:
            future = pool.submit(track, server, home.token)
            # Until it is being stored.
            time.sleep(0.5)
            for process in processes:
                os.kill(process, signal.SIGKILL)
        wait_for(lambda: "storing is tried again" in server.log.read_text(), 5, "the first try")
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        answer = future.result(5)
        assert server.process.wait(5) == 0
    assert time.monotonic() - began < 3
    assert answer.status_code == 503
    assert json.loads(answer.content)["error"]["code"] == "temporarily_unavailable"
