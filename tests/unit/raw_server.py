"""A server that answers with bytes, so that nothing of an answer has to be valid HTTP."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

Answer = Callable[[int], Iterable[bytes]]
"""(number of the request) → what is sent, piece by piece."""


@dataclass
class RawServer:
    """The server, and how many requests it got."""

    url: str
    requests: int = 0


@contextlib.contextmanager
def raw_server(answer: Answer) -> Iterator[RawServer]:
    """A running server. Each connection has one answer."""
    state = RawServer("")

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            received = b""
            while b"\r\n\r\n" not in received:
                received += self.request.recv(1 << 16)
            number, state.requests = state.requests, state.requests + 1
            with contextlib.suppress(OSError):
                for piece in answer(number):
                    self.request.sendall(piece)
                self.request.shutdown(socket.SHUT_WR)
                self.request.settimeout(1.0)
                while self.request.recv(1 << 16):
                    pass

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Listener(("127.0.0.1", 0), Connection) as server:
        import threading

        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


def head(status: int = 200, **headers: str) -> bytes:
    """The head of an answer; a header's name is written with underscores."""
    rows = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status} X", *rows, "", ""]).encode()


def dripping(content: bytes, seconds: float, size: int = 1) -> Iterator[bytes]:
    """`content` in small pieces, with a pause before each."""
    for start in range(0, len(content), size):
        time.sleep(seconds)
        yield content[start : start + size]
