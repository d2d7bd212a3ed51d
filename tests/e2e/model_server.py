"""A server of models for pods, with the APIs of chat completions and of speech.

    python model_server.py

It listens on port 8000. Translations are sentences of a Spanish text, as long as the source; the
voice is espeak-ng. Requests need the key in the variable KEY. GET /requests counts them by path.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SPANISH = (
    "Nadie sabía por qué habían cerrado el puente viejo, y los vecinos esperaban una respuesta. "
    "El alcalde prometió que las obras terminarían antes del verano, pero pocos le creyeron. "
    "Mientras tanto, la gente del pueblo cruzaba el río en una barca pequeña y muy antigua. "
    "Cuando llegó la primavera, los niños volvieron a jugar en la orilla todas las tardes."
).split()
requests: Counter[str] = Counter()
said = 0
lock = threading.Lock()


def translation(source: str) -> str:
    """The next words of the text, about as many letters as `source` has."""
    global said
    words: list[str] = []
    with lock:
        while len(" ".join(words)) < len(source) * 0.9:
            words.append(SPANISH[said % len(SPANISH)])
            said += 1
    return " ".join(words).rstrip(",.") + "."


def answer(body: dict[str, Any]) -> str:
    """What the model says to a request for translations, or for a summary."""
    try:
        segments = json.loads(body["messages"][-1]["content"])["segments"]
    except (ValueError, LookupError, TypeError):
        return "A reading of a novel."
    rows = [{"id": row["id"], "text": translation(row["text"])} for row in segments]
    return json.dumps({"segments": rows})


class Handler(BaseHTTPRequestHandler):
    """Answers as servers of OpenAI's API do."""

    def do_GET(self) -> None:
        self._send(200, json.dumps(requests).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        requests[self.path] += 1
        if self.headers.get("Authorization") != f"Bearer {os.environ['KEY']}":
            self._send(401, b'{"error": {"message": "Incorrect API key provided"}}')
        elif self.path == "/v1/chat/completions":
            message = {"role": "assistant", "content": answer(body)}
            choices = [{"message": message, "finish_reason": "stop"}]
            self._send(200, json.dumps({"choices": choices}).encode())
        elif self.path == "/v1/audio/speech":
            voice = {"ana": "es+f3", "luis": "es+m3"}[body["voice"]]
            text = re.sub(r"\[\[|\]\]", "", body["input"])
            command = ["espeak-ng", "-v", voice, "--stdin", "--stdout"]
            spoken = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
            self._send(200, spoken.stdout, "audio/wav")
        else:
            self._send(404, b"{}")

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8000), Handler).serve_forever()
