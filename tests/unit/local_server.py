"""HTTP servers of the tests on this machine: what they answer, and how many requests meet."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Response:
    """One HTTP response."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds until it starts."""
    byte_delay: float = 0.0
    """Seconds before each byte: a slow stream."""
    closes: bool = False
    """Whether the connection is closed in the middle of the body."""


@dataclass
class Traffic:
    """The requests that are under way."""

    under_way: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """One more request, until it is answered."""
        with self.lock:
            self.under_way += 1
            self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            yield
        finally:
            with self.lock:
                self.under_way -= 1


class Handler(BaseHTTPRequestHandler):
    """Sends responses, and writes no log."""

    protocol_version = "HTTP/1.1"

    def send(self, found: Response) -> None:
        """Send the response, unless the client has gone."""
        time.sleep(found.delay)
        with contextlib.suppress(OSError):
            self.send_response(found.status)
            self.send_header("Content-Length", str(len(found.body) + (9 if found.closes else 0)))
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if not found.byte_delay:
                self.wfile.write(found.body)
            for byte in found.body if found.byte_delay else b"":
                time.sleep(found.byte_delay)
                self.wfile.write(bytes([byte]))
        if found.closes:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving(handler: type[Handler]) -> Iterator[int]:
    """The port of a running server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
