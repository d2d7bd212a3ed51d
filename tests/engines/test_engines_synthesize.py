"""The real espeak-ng, and gTTS against a server that answers as Google does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from google_server import Google, google, speech
from local_server import Response
from speech_world import segment, write_job

from dubstage.contract import REQUEST_ENV, EngineChoice, ExitCode, Stage
from dubstage.engines import retries
from dubstage.errors import TemporaryFailure
from dubstage.synthesize import google as engine
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.espeak import VARIANTS, Espeak
from dubstage.synthesize.google import Gtts
from dubstage.testing import ENGINES, request_for, run_stage_in
from dubstage.workspace.layout import Artifact

ANN, BOB = Voice("ANN", 0), Voice("BOB", 1)
ESPEAK = Espeak(EngineChoice(engine="espeak-ng"))


def test_espeak_has_another_voice_variant_for_each_speaker(tmp_path: Path) -> None:
    sounds = set()
    for number in range(len(VARIANTS)):
        file = tmp_path / f"{number}.wav"
        ESPEAK.speak("Buenos días a todos.", "es-MX", Voice("X", number), 1.0, file)
        info = soundfile.info(file)
        assert (info.samplerate, info.channels) == (22050, 1)
        assert 0.5 < info.duration < 3.0
        sounds.add(file.read_bytes())
    assert len(sounds) == len(VARIANTS)


def test_espeak_speaks_faster_on_request(tmp_path: Path) -> None:
    seconds = []
    for speed in (1.0, 1.15):
        file = tmp_path / "take.wav"
        ESPEAK.speak("Esta es una frase de cierta longitud. " * 3, "es", ANN, speed, file)
        seconds.append(soundfile.info(file).duration)
    assert seconds[0] / seconds[1] == pytest.approx(1.15, abs=0.1)


@pytest.mark.parametrize(
    "text", ["-v en --help", "él dijo \"no\" y 'sí' $(x)", "한국어", "a " * 3000]
)
def test_espeak_speaks_any_text(tmp_path: Path, text: str) -> None:
    ESPEAK.speak(text, "es", ANN, 1.0, tmp_path / "take.wav")
    assert soundfile.info(tmp_path / "take.wav").duration > 0.1


def run_process(folder: Path) -> subprocess.Popen[str]:
    """The stage as a pod starts it."""
    request = request_for(Stage.SYNTHESIZE)
    return subprocess.Popen(
        [sys.executable, "-m", "dubstage", "run"],
        env={
            **os.environ,
            REQUEST_ENV: request.model_dump_json(),
            "DATA_DIR": str(folder),
            "MODELS_DIR": str(folder / "models"),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, ExitCode.TERMINATED)]
)
def test_preempted_run_continues_where_it_stopped(
    tmp_path: Path, how: signal.Signals, code: int
) -> None:
    lines = [segment(n, n * 2.0, n * 2.0 + 1.0, f"Línea {n}. " * 8) for n in range(60)]
    write_job(tmp_path, lines, seconds=121.0)
    kept = tmp_path / "interim/clip/.dubstage/clips"
    with run_process(tmp_path) as process:
        deadline = time.monotonic() + 30
        while len(list(kept.glob("*.json"))) < 5:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(how)
        process.communicate(timeout=30)
        assert process.returncode == code
    done = len(list(kept.glob("*.json")))
    assert 5 <= done < len(lines)
    assert not list((tmp_path / "interim/clip/text/vid/tts").glob("segment*"))
    ended = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE))
    assert ended.code == ExitCode.OK, ended.result
    assert ended.result.summary.reused_clips == done
    assert len(ended.tree.files(Artifact.TTS_CLIPS)) == len(lines)
    assert {path.suffix for path in kept.iterdir()} == {".wav", ".json"}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    with google(tmp_path) as state:
        for name, value in state.environment.items():
            monkeypatch.setenv(name, value)
        yield state


@pytest.fixture(scope="module")
def mp3(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("voice") / "voice.mp3"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=frequency=300:duration=0.7",
         "-ar", "24000", str(path)],
        check=True,
    )  # fmt: skip
    return path.read_bytes()


def test_google_speaks_with_an_accent_for_each_speaker(
    server: Google, mp3: bytes, tmp_path: Path
) -> None:
    server.speak = lambda _text, _attempt: speech(mp3)
    text = 'It\'s "quoted" & 한국어'
    for voice, language in ((ANN, "en"), (BOB, "en"), (ANN, "en-GB"), (BOB, "de"), (ANN, "zh-TW")):
        file = tmp_path / "take.wav"
        Gtts().speak(text, language, voice, 1.0, file)
        assert soundfile.info(file).duration == pytest.approx(0.7, abs=0.15)
    assert server.asked == [text] * 5
    assert server.parameters == [
        {"lang": ["en"], "host": ["translate.google.com"]},
        {"lang": ["en"], "host": ["translate.google.co.uk"]},
        {"lang": ["en"], "host": ["translate.google.co.uk"]},
        {"lang": ["de"], "host": ["translate.google.com"]},
        {"lang": ["zh-TW"], "host": ["translate.google.com"]},
    ]


@pytest.mark.parametrize(
    "trouble",
    [Response(429), Response(503), Response(200, b"<html>sorry</html>"), speech(b"no mp3")],
)
def test_google_request_is_retried(
    server: Google, mp3: bytes, tmp_path: Path, trouble: Response
) -> None:
    server.speak = lambda _text, attempt: trouble if attempt < 2 else speech(mp3)
    Gtts().speak("hola", "es", ANN, 1.0, tmp_path / "take.wav")
    assert len(server.asked) == 3
    assert sorted(path.name for path in tmp_path.iterdir() if "take" in path.name) == ["take.wav"]


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (Response(429), "429"),
        (Response(500), "500"),
        (Response(200, b'jQ1olc","[]"'), "200"),
        (Response(200, b"\xff\xfe"), "attempts"),
        (Response(200, b"", delay=1.0), "Failed to connect"),
    ],
)
def test_unreachable_google_is_a_transient_failure(
    server: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Response, says: str
) -> None:
    monkeypatch.setattr(engine, "TIMEOUT_SECONDS", 0.3)
    server.speak = lambda _text, _attempt: trouble
    with pytest.raises(TemporaryFailure, match=says) as caught:
        Gtts().speak("hola", "es", ANN, 1.0, tmp_path / "take.wav")
    assert "another engine" in str(caught.value)
    assert len(server.asked) == retries.ATTEMPTS


def test_google_gets_a_long_segment_in_pieces(server: Google, mp3: bytes, tmp_path: Path) -> None:
    server.speak = lambda _text, _attempt: speech(mp3)
    Gtts().speak("Una frase de la película. " * 20, "es", ANN, 1.0, tmp_path / "take.wav")
    assert max(len(text) for text in server.asked) <= 100
    assert soundfile.info(tmp_path / "take.wav").duration > 3.0


def test_segment_that_google_cannot_pronounce_has_no_audio(server: Google, tmp_path: Path) -> None:
    write_job(tmp_path, [segment(0, 0.5, 1.0, "hola"), segment(1, 2.0, 3.0, "…?!")])
    engines = {**ENGINES, Stage.SYNTHESIZE: EngineChoice(engine="gtts")}
    ended = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE, engines=engines))
    assert ended.code == ExitCode.TEMPFAIL
    assert server.asked == ["hola"] * 4
