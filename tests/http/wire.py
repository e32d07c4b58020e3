"""HTTP by hand, for what no client library would send."""

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """What came back, byte for byte."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The code of the error, if it is one."""
        return self.json().get("error", {}).get("code")

    @property
    def message(self) -> str:
        return self.json()["error"]["message"]


def request(
    method: str,
    target: str | bytes,
    headers: list[tuple[str, str | bytes]],
    body: bytes = b"",
    *,
    length: bool = True,
) -> bytes:
    """Return the bytes of a request; nothing is added but Content-Length and Connection."""
    lines = [method.encode() + b" " + _bytes(target) + b" HTTP/1.1"]
    lines += [name.encode() + b": " + _bytes(value) for name, value in headers]
    if length and (body or method != "GET"):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"Connection: close", b"", body])


def exchange(url: str, data: bytes, *, source: str = "") -> Answer:
    """Send the bytes, from the address `source` if given, and read until the server closes."""
    address = urlsplit(url)
    with socket.create_connection(
        (address.hostname, address.port), SECONDS, source_address=(source, 0)
    ) as connection:
        received = b""
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            # The server may answer and close before it has read all of a request it refuses.
            received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return _parse(received)


def _parse(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin1").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if headers.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    return Answer(int(status.split()[1]), headers, body)


def _unchunked(data: bytes) -> bytes:
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        body, data = body + data[:length], data[length + 2 :]
    return body


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
