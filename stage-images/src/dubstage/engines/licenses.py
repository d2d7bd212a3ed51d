"""The licenses of the engines and of their models, as the page of the report states them.

Those of the models are from their pages: ``docs/engines.md`` has the same table, with remarks.
"""

from __future__ import annotations

SERVICE = "terms of the service"
"""An engine that calls a service: the license of its client says nothing about the result."""

ENGINE_LICENSES = {
    "apertium": "GPL-2.0-or-later",
    "bergamot": "MIT",
    "cosyvoice": "Apache-2.0",
    "ctranslate2": "MIT",
    "deepfilternet": "MIT or Apache-2.0",
    "demucs": "MIT",
    "espeak-ng": "GPL-3.0-or-later",
    "faster-whisper": "MIT",
    "ffmpeg": "GPL-2.0-or-later",
    "googletrans": SERVICE,
    "gtts": SERVICE,
    "kokoro": "Apache-2.0",
    "openai": SERVICE,
    "openai-speech": SERVICE,
    "whisperx": "BSD-2-Clause",
}
"""License of each engine's program or library, by its name."""

MODEL_LICENSES = {
    "bergamot/": "not settled: MPL-2.0, CC-BY-SA or CC-BY-NC-SA",
    "cosyvoice/CosyVoice2-0.5B": "Apache-2.0",
    "cosyvoice/Fun-CosyVoice3-0.5B-2512": "Apache-2.0",
    "ctranslate2/m2m100": "MIT",
    "ctranslate2/madlad400": "Apache-2.0",
    "ctranslate2/nllb-200": "CC-BY-NC-4.0: noncommercial use only",
    "ctranslate2/opus-mt": "CC-BY-4.0 or Apache-2.0",
    "demucs/htdemucs": "MIT",
    "faster-whisper/": "MIT",
    "kokoro/v1.0": "Apache-2.0, ONNX export MIT",
    "whisperx/": "MIT",
}
"""License of each model or family of models, by the beginning of engine and name."""


def model_license(engine: str, model: str) -> str | None:
    """The license of a model; None if it is not known."""
    name = f"{engine}/{model}"
    return next((text for key, text in MODEL_LICENSES.items() if name.startswith(key)), None)
