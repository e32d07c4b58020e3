"""A client of the API that knows an answer from none."""

import json
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from select import select
from typing import Any

from flameup.benchmark.faults.system import HOST

# Longer than the server may take for any answer.
PATIENCE_SECONDS = 20.0
OK = 200


@dataclass(frozen=True)
class Answer:
    """What came back; a status of None means that nothing did."""

    status: int | None
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    problem: str = ""


class Client:
    """Keeps one connection alive, and makes another when it is lost."""

    def __init__(self, port: int, token: str, patience: float = PATIENCE_SECONDS) -> None:
        self._connection = HTTPConnection(HOST, port, timeout=patience)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(self, path: str, document: Any) -> Answer:
        """Send a document."""
        return self._request("POST", path, json.dumps(document))

    def get(self, path: str) -> Answer:
        """Ask for a document."""
        return self._request("GET", path, None)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _request(self, method: str, path: str, body: str | None) -> Answer:
        self._leave_if_closed()
        try:
            self._connection.request(method, path, body, self._headers)
            with closing(self._connection.getresponse()) as response:
                text, headers = response.read(), dict(response.getheaders())
        except (OSError, HTTPException) as error:
            self._connection.close()
            return Answer(None, problem=type(error).__name__)
        return Answer(response.status, _decoded(text), headers)

    def _leave_if_closed(self) -> None:
        """Leave a connection that the server has closed, as pools of connections do."""
        if self._connection.sock is not None and select([self._connection.sock], [], [], 0)[0]:
            self._connection.close()


def _decoded(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
