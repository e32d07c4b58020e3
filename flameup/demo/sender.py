"""The sending of the demo, through the same HTTP API that every client uses."""

import json
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from threading import Event
from typing import Any

from flameup.demo.story import DemoStory

_BATCH = 100
_LONGEST_PAUSE_SECONDS = 5.0
_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500


class DemoError(Exception):
    """The server refuses the demo for good."""


class DemoSender:
    """Sends a story to one workspace until it is done or `stopping` is set.

    A request that was not answered is sent again; the events' message ids keep
    the server from storing anything twice.
    """

    def __init__(
        self, *, host: str, port: int, api_key: str, workspace_id: str, stopping: Event
    ) -> None:
        self._connection = HTTPConnection(host, port, timeout=30)
        self._headers = {
            "Authorization": f"Bearer {api_key}",
            "Content-Type": "application/json",
        }
        self._people_path = f"/api/v1/workspaces/{workspace_id}/people"
        self._stopping = stopping

    def send(self, story: DemoStory, sent: int, on_progress: Callable[[int], None]) -> bool:
        """Send the people and the events from number `sent` on; return whether all are sent.

        `on_progress` is told how many events are stored, after each batch.
        """
        with closing(self._connection):
            return self._send(story, sent, on_progress)

    def _send(self, story: DemoStory, sent: int, on_progress: Callable[[int], None]) -> bool:
        if sent == 0 and not all(self._post(self._people_path, p.payload) for p in story.people):
            return False
        for start in range(sent, len(story.events), _BATCH):
            batch = story.events[start : start + _BATCH]
            if not self._post("/api/v1/track/batch", {"events": batch}):
                return False
            on_progress(start + len(batch))
        return True

    def _post(self, path: str, payload: dict[str, Any]) -> bool:
        """Post until it is accepted; return False when we are asked to stop."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        pause = 0.2
        while not self._stopping.is_set():
            status, answer = self._try(path, body)
            if status == _OK and answer.get("rejected", 0) == 0:
                return True
            if status is not None and status < _SERVER_ERROR and status != _TOO_MANY:
                raise DemoError(f"{path} answered {status}: {json.dumps(answer)[:500]}")
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        return False

    def _try(self, path: str, body: bytes) -> tuple[int | None, dict[str, Any]]:
        """Return the status and the answer, or None while the server is away."""
        try:
            self._connection.request("POST", path, body, self._headers)
            response = self._connection.getresponse()
            return response.status, json.loads(response.read() or b"{}")
        except (OSError, HTTPException, ValueError):
            self._connection.close()
            return None, {}
