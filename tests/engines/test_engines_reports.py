"""No library tells its maker what it is used for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

SECONDS = 12
"""onnxruntime 1.32 reports within ten."""
PROGRAM = f"""
import dubstage, faster_whisper, onnxruntime, pathlib, time
(model, *_) = pathlib.Path(faster_whisper.__file__).parent.glob("assets/*.onnx")
onnxruntime.InferenceSession(model)
time.sleep({SECONDS})
"""


def test_onnxruntime_sends_no_telemetry() -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        environment = {
            **{key: value for key, value in os.environ.items() if key not in ("CI", "NO_PROXY")},
            "HTTPS_PROXY": address,
            "https_proxy": address,
        }
        subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=True)
        proxy.settimeout(0)
        try:
            connection, _ = proxy.accept()
        except BlockingIOError:
            return
        with connection:
            raise AssertionError(f"something was reported: {connection.recv(200)!r}")
