"""A server with OpenAI's API that can fail as real ones do."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


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


def says(text: str, finish: str = "stop") -> Response:
    """The response in which the model says `text`."""
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return Response(body=json.dumps({"choices": [choice]}).encode())


def rows(pairs: Mapping[str, str]) -> str:
    """Translations as JSON."""
    found = [{"id": identity, "text": text} for identity, text in pairs.items()]
    return json.dumps({"segments": found}, ensure_ascii=False)


@dataclass(frozen=True)
class Asked:
    """One request."""

    body: dict[str, Any]
    """Empty if it is not JSON."""
    key: str | None
    path: str = ""
    raw: bytes = b""

    @property
    def system(self) -> str:
        return str(self.body["messages"][0]["content"])

    @property
    def user(self) -> str:
        return str(self.body["messages"][1]["content"])

    @property
    def texts(self) -> dict[str, str]:
        """The texts to translate, by id; empty for another request."""
        try:
            return {row["id"]: row["text"] for row in json.loads(self.user)["segments"]}
        except (ValueError, KeyError):
            return {}

    @property
    def rung(self) -> str:
        if "answer with its translation only" in self.system:
            return "alone"
        return str(self.body.get("response_format", {}).get("type", "lines"))


@dataclass
class Server:
    """The server, and what was asked of it."""

    url: str
    answer: Callable[[Asked], Response]
    asked: list[Asked] = field(default_factory=list)
    under_way: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def rungs(self) -> list[tuple[str, int]]:
        """The form of answer and the number of segments of each request."""
        return [(one.rung, len(one.texts)) for one in self.asked]


@contextlib.contextmanager
def chat_server(answer: Callable[[Asked], Response]) -> Iterator[Server]:
    """A running server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            is_json = self.headers["Content-Type"] == "application/json"
            body = json.loads(raw) if is_json else {}
            asked = Asked(body, self.headers.get("Authorization"), self.path, raw)
            with state.lock:
                state.asked.append(asked)
                state.under_way += 1
                state.most_at_once = max(state.most_at_once, state.under_way)
            try:
                found = state.answer(asked)
            finally:
                with state.lock:
                    state.under_way -= 1
            time.sleep(found.delay)
            with contextlib.suppress(OSError):
                self._send(found)

        def _send(self, found: Response) -> None:
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
            self.close_connection = found.closes

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = Server(f"http://127.0.0.1:{server.server_port}/v1", answer)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
