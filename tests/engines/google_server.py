"""Google Translate and Google's voice as the libraries meet them, on this machine.

The libraries talk HTTPS to Google's own hosts through the proxy that ``HTTPS_PROXY``
names. Here this is a server that answers ``CONNECT``, and then plays the host itself.
What it answers is what Google answers: seen in the libraries' own parsing.
"""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HOSTS = "DNS:translate.googleapis.com,DNS:translate.google.com,DNS:*.google.com"


@dataclass(frozen=True)
class Answer:
    """One HTTP response."""

    status: int = 200
    body: bytes = b""
    delay: float = 0.0
    """Seconds until it is sent."""
    headers: Mapping[str, str] = field(default_factory=dict)


def translation(text: str) -> Answer:
    """What ``translate_a/single`` answers: the sentences come first."""
    return Answer(body=json.dumps([[[text, "source", None, None, 10]], None, "en"]).encode())


def speech(mp3: bytes) -> Answer:
    """What ``batchexecute`` answers: the audio in base64, in JSON in JSON."""
    inner = json.dumps([base64.b64encode(mp3).decode()], separators=(",", ":"))
    row = ["wrb.fr", "jQ1olc", inner, None, None, None, "generic"]
    outer = json.dumps([row], separators=(",", ":"))
    return Answer(body=f")]}}'\n\n{len(outer)}\n{outer}\n".encode())


@dataclass
class Google:
    """The server, and what was asked of it."""

    port: int
    certificate: Path
    translate: Callable[[str, int], Answer] = lambda _text, _attempt: Answer(404)
    """(text, how often it was asked for before) → the answer."""
    speak: Callable[[str, int], Answer] = lambda _text, _attempt: Answer(404)
    hosts: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    parameters: list[dict[str, list[str]]] = field(default_factory=list)
    under_way: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environment(self) -> dict[str, str]:
        """What makes the libraries come here."""
        proxy = f"http://127.0.0.1:{self.port}"
        return {
            **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy),
            "SSL_CERT_FILE": str(self.certificate),
            "NO_PROXY": "",
            "no_proxy": "",
        }

    def answer(self, text: str, choose: Callable[[str, int], Answer]) -> Answer:
        """The answer to `text`, counted."""
        with self.lock:
            attempt = self.asked.count(text)
            self.asked.append(text)
            self.under_way += 1
            self.most_at_once = max(self.most_at_once, self.under_way)
        found = choose(text, attempt)
        time.sleep(found.delay)
        with self.lock:
            self.under_way -= 1
        return found


@contextlib.contextmanager
def google(folder: Path) -> Iterator[Google]:
    """The server, its certificate in `folder`."""
    certificate, key = folder / "google.pem", folder / "google.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={HOSTS}",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    state = Google(server.server_port, certificate)
    Proxy.google, Proxy.context = state, context
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Proxy(BaseHTTPRequestHandler):
    """A proxy that is its own upstream."""

    protocol_version = "HTTP/1.1"
    google: Google
    context: ssl.SSLContext

    def do_CONNECT(self) -> None:
        """Say yes, then speak TLS and HTTP as the host that was asked for."""
        self.google.hosts.append(self.path)
        self.send_response(200)
        self.end_headers()
        with (
            contextlib.suppress(OSError),
            self.context.wrap_socket(self.connection, server_side=True) as secure,
        ):
            Host(secure, self.client_address, self.server)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class Host(BaseHTTPRequestHandler):
    """Google behind the proxy."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        state = Proxy.google
        state.parameters.append(query)
        self._send(state.answer(query["q"][0], state.translate))

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = urllib.parse.parse_qs(self.rfile.read(length).decode())
        request = json.loads(form["f.req"][0])
        text, language, _, _ = json.loads(request[0][0][1])
        state = Proxy.google
        state.parameters.append({"lang": [language], "host": [self.headers["Host"]]})
        self._send(state.answer(text, state.speak))

    def _send(self, answer: Answer) -> None:
        with contextlib.suppress(OSError):
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        pass
