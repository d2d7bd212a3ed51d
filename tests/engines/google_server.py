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
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from local_server import Handler, Response, Traffic, serving

HOSTS = "DNS:translate.googleapis.com,DNS:translate.google.com,DNS:*.google.com"


def translation(text: str) -> Response:
    """What ``translate_a/single`` answers: the sentences come first."""
    return Response(body=json.dumps([[[text, "source", None, None, 10]], None, "en"]).encode())


def speech(mp3: bytes) -> Response:
    """What ``batchexecute`` answers: the audio in base64, in JSON in JSON."""
    inner = json.dumps([base64.b64encode(mp3).decode()], separators=(",", ":"))
    row = ["wrb.fr", "jQ1olc", inner, None, None, None, "generic"]
    outer = json.dumps([row], separators=(",", ":"))
    return Response(body=f")]}}'\n\n{len(outer)}\n{outer}\n".encode())


@dataclass
class Google(Traffic):
    """The server, and what was asked of it."""

    port: int = 0
    certificate: Path = Path()
    translate: Callable[[str, int], Response] = lambda _text, _attempt: Response(404)
    """(text, how often it was asked for before) → the answer."""
    speak: Callable[[str, int], Response] = lambda _text, _attempt: Response(404)
    hosts: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    parameters: list[dict[str, list[str]]] = field(default_factory=list)

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

    def answer(self, text: str, choose: Callable[[str, int], Response]) -> Response:
        """The answer to `text`, counted."""
        with self.lock:
            attempt = self.asked.count(text)
            self.asked.append(text)
        with self.request():
            found = choose(text, attempt)
            time.sleep(found.delay)
        return replace(found, delay=0.0)


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
    state = Google(certificate=certificate)
    Proxy.google, Proxy.context = state, context
    with serving(Proxy) as state.port:
        yield state


class Proxy(Handler):
    """A proxy that is its own upstream."""

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


class Host(Handler):
    """Google behind the proxy."""

    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        state = Proxy.google
        state.parameters.append(query)
        self.send(state.answer(query["q"][0], state.translate))

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = urllib.parse.parse_qs(self.rfile.read(length).decode())
        request = json.loads(form["f.req"][0])
        text, language, _, _ = json.loads(request[0][0][1])
        state = Proxy.google
        state.parameters.append({"lang": [language], "host": [self.headers["Host"]]})
        self.send(state.answer(text, state.speak))
