"""A server with OpenAI's API that can fail as real ones do."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_server import Handler, Traffic, serving
from local_server import Response as Response


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
class Server(Traffic):
    """The server, and what was asked of it."""

    url: str = ""
    answer: Callable[[Asked], Response] = lambda _: Response(404)
    asked: list[Asked] = field(default_factory=list)

    @property
    def rungs(self) -> list[tuple[str, int]]:
        """The form of answer and the number of segments of each request."""
        return [(one.rung, len(one.texts)) for one in self.asked]


@contextlib.contextmanager
def chat_server(answer: Callable[[Asked], Response]) -> Iterator[Server]:
    """A running server."""
    state = Server(answer=answer)

    class Chat(Handler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            is_json = self.headers["Content-Type"] == "application/json"
            body = json.loads(raw) if is_json else {}
            asked = Asked(body, self.headers.get("Authorization"), self.path, raw)
            with state.lock:
                state.asked.append(asked)
            with state.request():
                found = state.answer(asked)
            self.send(found)

    with serving(Chat) as port:
        state.url = f"http://127.0.0.1:{port}/v1"
        yield state
