"""A relay between two sides, which loses, delays or withholds what passes through it."""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_CHUNK = 65_536
_POLL_SECONDS = 0.05

Open = Callable[[], socket.socket]


class Relay:
    """Passes bytes on between those who connect to what `listen` opens and what `connect` does.

    While `is_refusing`, nobody listens, and connections are cut; while `is_silent`,
    they are taken and nothing passes; `delay` is how many seconds each piece is held
    back. See `cut` for the loss of a single piece.
    """

    def __init__(self, listen: Open, connect: Open) -> None:
        self.delay = 0.0
        self.is_silent = False
        self.is_refusing = False
        self._listen = listen
        self._connect = connect
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._mark = b""
        self._pieces_left = 0
        self._is_passed_on = False

    def cut(self, number: int, mark: bytes, *, is_passed_on: bool) -> None:
        """Cut a connection at the piece of this number, from 1 on, that comes next from a client.

        Only pieces of connections that have ever carried the `mark` count. The last
        one is passed on or not; in neither case does its answer come back.
        """
        with self._lock:
            self._pieces_left, self._mark, self._is_passed_on = number, mark, is_passed_on

    def has_cut(self) -> bool:
        """Say whether the cut has taken place, and cut nothing from now on."""
        with self._lock:
            left, self._pieces_left = self._pieces_left, 0
        return not left

    def start(self) -> None:
        """Relay from now on."""
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Let go of all connections."""
        self._stopping.set()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            if self.is_refusing:
                time.sleep(_POLL_SECONDS)
                continue
            with self._listen() as listener:
                listener.settimeout(_POLL_SECONDS)
                while not (self._stopping.is_set() or self.is_refusing):
                    with suppress(TimeoutError):
                        client, _ = listener.accept()
                        threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        marks: set[bytes] = set()
        with client, suppress(OSError), self._connect() as server:
            client.settimeout(None)
            with selectors.DefaultSelector() as selector:
                selector.register(client, selectors.EVENT_READ, server)
                selector.register(server, selectors.EVENT_READ, client)
                while not (self._stopping.is_set() or self.is_refusing):
                    for key, _ in selector.select(_POLL_SECONDS):
                        if not self._pass_on(key.fileobj, key.data, client, marks):  # type: ignore[arg-type]
                            return

    def _pass_on(
        self, source: socket.socket, target: socket.socket, client: socket.socket, marks: set[bytes]
    ) -> bool:
        """Pass on what has come; say whether the connection goes on."""
        while self.is_silent and not self._stopping.is_set():
            time.sleep(_POLL_SECONDS)
        piece = source.recv(_CHUNK)
        if not piece:
            return False
        is_last = source is client and self._is_to_be_cut(piece, marks)
        if is_last and not self._is_passed_on:
            return False
        if self.delay:
            time.sleep(self.delay)
        target.sendall(piece)
        if is_last:
            # What the other side does with it, it shall have done.
            time.sleep(4 * _POLL_SECONDS)
        return not is_last

    def _is_to_be_cut(self, piece: bytes, marks: set[bytes]) -> bool:
        with self._lock:
            if self._mark and self._mark in piece:
                marks.add(self._mark)
            if not self._pieces_left or self._mark not in marks:
                return False
            self._pieces_left -= 1
            return self._pieces_left == 0


@contextmanager
def relaying(listen: Open, connect: Open) -> Iterator[Relay]:
    """Relay meanwhile."""
    relay = Relay(listen, connect)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()
