"""The engine `openai-speech` against a server that speaks with espeak-ng, and that fails as real
ones do."""

from __future__ import annotations

import json
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import soundfile
from chat_server import Asked, Response, Server, chat_server
from made_media import ffmpeg
from speech_world import segment, write_job

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.engines import retries
from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.openai_speech.engine import PLAIN_TEXT, OpenAISpeech
from dubstage.synthesize.openai_speech.settings import read
from dubstage.testing import ENGINES, request_for, run_stage_in

TEXT = "Buenos días a todos."


def espeak(text: str) -> bytes:
    """A WAV file from a real engine."""
    return subprocess.run(
        ["espeak-ng", "-v", "es", "--stdout", "--", text], capture_output=True, check=True
    ).stdout


def good(asked: Asked) -> Response:
    if asked.path == "/v1/audio/voices":
        return Response()
    return Response(body=espeak(asked.body["input"]), headers={"Content-Type": "audio/wav"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(retries, "LONGEST_WAIT_SECONDS", 0.3)
    with chat_server(good) as found:
        yield found
        while OPENED:
            OPENED.pop().close()


OPENED: list[OpenAISpeech] = []
"""The engines of one test."""


def engine(server: Server, folder: Path, key: str | None = None, **more: Any) -> OpenAISpeech:
    parameters = {"url": server.url, "model": "kokoro", "voices": "ana, luis", **more}
    OPENED.append(OpenAISpeech(read(parameters), key, folder))
    return OPENED[-1]


def spoken(engine: OpenAISpeech, folder: Path, text: str = TEXT, **more: Any) -> Path | None:
    """The take of `text`; None if there is none."""
    target = folder / "take.wav"
    target.unlink(missing_ok=True)
    voice = more.pop("voice", Voice("A", 0))
    engine.speak(text, "es-MX", voice, more.pop("speed", 1.0), target)
    return target if target.exists() else None


def seconds(file: Path | None) -> float:
    assert file
    return float(soundfile.info(file).duration)


def test_speaks_with_the_voice_of_each_speaker(server: Server, tmp_path: Path) -> None:
    found = engine(server, tmp_path, key="s3cret")
    for number in range(3):
        assert seconds(spoken(found, tmp_path, voice=Voice(str(number), number))) > 0.5
    assert [one.body["voice"] for one in server.asked] == ["ana", "luis", "ana"]
    assert {one.path for one in server.asked} == {"/v1/audio/speech"}
    assert server.asked[0].key == "Bearer s3cret"
    assert server.asked[0].body == {
        "model": "kokoro", "input": TEXT, "response_format": "wav", "voice": "ana",
    }  # fmt: skip


VOICES = json.dumps({"B": "bea", "es": "ana,luis", "es-MX": "memo", "*": "zoe"})


@pytest.mark.parametrize(
    ("voices", "language", "dealt", "of_a", "of_b"),
    [
        ("ana, luis", "de", 2, "ana", "luis"),
        (VOICES, "es-MX", 1, "memo", "bea"),
        (VOICES, "es", 2, "ana", "bea"),
        (VOICES, "de", 1, "zoe", "bea"),
    ],
)
def test_voices_by_speaker_and_language(
    voices: str, language: str, dealt: int, of_a: str, of_b: str
) -> None:
    settings = read({"url": "http://x/v1", "model": "m", "voices": voices})
    assert len(settings.voices_for(language)) == dealt
    assert settings.voice_of("A", 0, language) == of_a
    assert settings.voice_of("B", 1, language) == of_b


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"url": None}, "url"), ({"url": "ftp://x"}, "url"), ({"model": ""}, "model"),
        ({"voices": ""}, "voices"), ({"voices": "{not json"}, "voices"),
        ({"voices": '{"es": 3}'}, "voices"), ({"clone": "perhaps"}, "clone"),
        ({"respons_format": "wav"}, "respons_format"), ({"speed": 9}, "speed"),
        ({"extra_body": '{"seed": NaN}'}, "extra_body"), ({"extra_body": "[1]"}, "extra_body"),
    ],
)  # fmt: skip
def test_invalid_parameter_is_named(wrong: dict[str, Any], name: str) -> None:
    good_ones = {"url": "http://x/v1", "model": "m", "voices": "ana"}
    parameters = {key: value for key, value in (good_ones | wrong).items() if value is not None}
    with pytest.raises(Misconfigured, match=f"Parameter {name} of the engine") as told:
        read(parameters)
    assert "Value error" not in str(told.value)


def streamed(audio: bytes) -> bytes:
    """A WAV file as a server streams it: the header names no length."""
    head = bytearray(audio)
    head[4:8] = struct.pack("<I", 0xFFFFFFFF)
    at = audio.index(b"data")
    head[at + 4 : at + 8] = struct.pack("<I", 0xFFFFFFFF)
    return bytes(head)


def as_mp3(audio: bytes, folder: Path) -> bytes:
    (folder / "in.wav").write_bytes(audio)
    ffmpeg("-i", str(folder / "in.wav"), "-f", "mp3", folder / "out.mp3")
    return (folder / "out.mp3").read_bytes()


@pytest.mark.parametrize("kind", ["streamed", "mp3", "chunked", "stereo"])
def test_audio_in_another_form_is_read(server: Server, tmp_path: Path, kind: str) -> None:
    plain = espeak(TEXT)
    (tmp_path / "plain.wav").write_bytes(plain)
    expected = seconds(tmp_path / "plain.wav")
    ffmpeg("-i", str(tmp_path / "plain.wav"), "-ac", "2", "-ar", "44100", tmp_path / "2.wav")
    bodies = {
        "streamed": streamed(plain),
        "mp3": as_mp3(plain, tmp_path),
        "chunked": plain,
        "stereo": (tmp_path / "2.wav").read_bytes(),
    }
    server.answer = lambda _: Response(body=bodies[kind])
    assert seconds(spoken(engine(server, tmp_path), tmp_path)) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("answer", "is_spoken"),
    [
        (Response(200, espeak(TEXT)), True),
        (Response(200, b"<html>Please sign in</html>", {"Content-Type": "text/html"}), False),
        (Response(200, b'{"detail": "busy"}', {"Content-Type": "application/json"}), False),
        (Response(200, b""), False),
    ],
)
def test_pcm_that_is_none_is_not_noise(
    server: Server, tmp_path: Path, answer: Response, is_spoken: bool
) -> None:
    samples = b"\0\1" * 24000
    server.answer = lambda asked: answer if asked.body["input"] == TEXT else Response(body=samples)
    found = engine(server, tmp_path, response_format="pcm")
    take = spoken(found, tmp_path)
    assert (take is not None and 0.5 < seconds(take) < 5) == is_spoken


def test_pcm_has_the_rate_of_the_parameter(server: Server, tmp_path: Path) -> None:
    samples = (0.3 * numpy.sin(numpy.arange(16000) / 10) * 32767).astype("<i2").tobytes()
    server.answer = lambda _: Response(body=samples)
    found = engine(server, tmp_path, response_format="pcm", pcm_rate=16000)
    assert seconds(spoken(found, tmp_path)) == pytest.approx(1.0)
    assert server.asked[0].body["response_format"] == "pcm"


@pytest.mark.parametrize(
    "bad",
    [
        Response(500, b'{"error": "reached max_tokens"}'),
        Response(400, b"input too long"),
        Response(422, b"{}"),
        Response(200, b"<html>Not the page you wanted</html>", {"Content-Type": "text/html"}),
        Response(200, b""),
        Response(200, b"RIFF"),
    ],
)
def test_trouble_with_one_text_costs_that_text_alone(
    server: Server, tmp_path: Path, bad: Response
) -> None:
    server.answer = lambda asked: bad if "mal" in asked.body["input"] else good(asked)
    found = engine(server, tmp_path)
    assert spoken(found, tmp_path, "Esto va mal.") is None
    assert spoken(found, tmp_path) is not None


def test_text_that_is_refused_for_good_is_not_requested_again(
    server: Server, tmp_path: Path
) -> None:
    no = Response(400, b"no")
    server.answer = lambda asked: no if "mal" in asked.body["input"] else good(asked)
    found = engine(server, tmp_path)
    assert [spoken(found, tmp_path, "mal") for _ in range(3)] == [None] * 3
    assert [one.body["input"] for one in server.asked] == ["mal", PLAIN_TEXT]
    spoken(found, tmp_path, "mal", voice=Voice("B", 1))
    assert server.asked[2].body["voice"] == "luis"


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (Response(400, b"Voice ana not found"), "the voice ana .status 400: Voice ana not found"),
        (Response(422, b"extra fields: ref_audio"), "extra fields: ref_audio"),
        (Response(200, b"<html>", {"Content-Type": "text/html"}), "an answer of type text/html"),
        (Response(200, b"\1\2" * 999, {"Content-Type": "audio/pcm"}), "no audio in the answer"),
    ],
)
def test_voice_that_speaks_nothing_ends_the_stage(
    server: Server, tmp_path: Path, bad: Response, says: str
) -> None:
    server.answer = lambda asked: bad if asked.body["voice"] == "ana" else good(asked)
    found = engine(server, tmp_path)
    assert spoken(found, tmp_path, voice=Voice("B", 1)) is not None
    with pytest.raises(Misconfigured, match=says) as caught:
        spoken(found, tmp_path)
    assert caught.value.reason == "SpeechRefused"


def test_server_that_is_broken_is_not_misconfigured(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _: Response(500, b"out of memory")
    assert spoken(engine(server, tmp_path), tmp_path) is None


def test_rejected_texts_do_not_hold_up_those_ahead(server: Server, tmp_path: Path) -> None:
    together = threading.Barrier(2)

    def answer(asked: Asked) -> Response:
        if "mal" in asked.body["input"]:
            return Response(400)
        if asked.body["input"] in ("tres", "cuatro"):
            together.wait(10)
        return good(asked)

    server.answer = answer
    found = engine(server, tmp_path, concurrency=2)
    texts = ["mal 1", "mal 2", "mal 3", "uno", "dos", "tres", "cuatro"]
    found.announce([(text, Voice("A", 0)) for text in texts], "es")
    for text in texts[:3]:
        assert spoken(found, tmp_path, text) is None
    for text in texts[3:]:
        assert spoken(found, tmp_path, text) is not None
    assert not together.broken
    assert len(server.asked) <= len(texts) + 2


@pytest.mark.parametrize(
    "bad",
    [
        Response(429, headers={"Retry-After": "0.2"}), Response(429), Response(503), Response(502),
        Response(body=b"RIFF....", closes=True), Response(delay=1.0),
        Response(body=b"x" * 90, byte_delay=0.02),
    ],
)  # fmt: skip
def test_trouble_with_the_connection_passes(server: Server, tmp_path: Path, bad: Response) -> None:
    server.answer = lambda asked: bad if len(server.asked) == 1 else good(asked)
    began = time.monotonic()
    assert spoken(engine(server, tmp_path, timeout_seconds=0.6), tmp_path) is not None
    assert len(server.asked) == 2
    if "Retry-After" in bad.headers:
        assert time.monotonic() - began > 0.2


def test_server_that_is_away_ends_the_stage_as_transient(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _: Response(503)
    with pytest.raises(TemporaryFailure, match="did not speak after 8 attempts") as caught:
        spoken(engine(server, tmp_path), tmp_path)
    assert caught.value.reason == "SpeechUnavailable"


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (Response(401), "OPENAI_API_KEY"), (Response(403), "status 403"),
        (Response(404), "no speech API"), (Response(405), "no speech API"),
        (Response(400, b'{"error": "model kokoro does not exist"}'), "no model kokoro"),
        (Response(301, headers={"Location": "https://y"}), "final URL"),
        (Response(429, b'{"error": {"code": "insufficient_quota"}}'), "no quota"),
    ],
)  # fmt: skip
def test_wrong_address_key_or_model_ends_the_stage(
    server: Server, tmp_path: Path, bad: Response, says: str
) -> None:
    server.answer = lambda _: bad
    with pytest.raises(Misconfigured, match=says) as caught:
        spoken(engine(server, tmp_path, key="s3cret"), tmp_path)
    assert caught.value.reason == "SpeechRefused"
    assert "s3cret" not in str(caught.value)
    assert len(server.asked) == 1


def test_announced_texts_are_requested_at_the_same_time(server: Server, tmp_path: Path) -> None:
    def slow(asked: Asked) -> Response:
        time.sleep(0.1)
        return good(asked)

    server.answer = slow
    found = engine(server, tmp_path, concurrency=3)
    texts = [f"Número {number}." for number in range(7)]
    found.announce([(text, Voice("A", 0)) for text in texts], "es")
    for text in texts:
        assert spoken(found, tmp_path, text) is not None
    assert sorted(one.body["input"] for one in server.asked) == sorted(texts)
    assert server.most_at_once == 3


def test_failure_ahead_of_time_ends_the_stage_when_it_is_reached(
    server: Server, tmp_path: Path
) -> None:
    server.answer = lambda asked: Response(401) if "dos" in asked.body["input"] else good(asked)
    found = engine(server, tmp_path, concurrency=2)
    found.announce([("uno", Voice("A", 0)), ("dos", Voice("A", 0))], "es")
    assert spoken(found, tmp_path, "uno") is not None
    with pytest.raises(Misconfigured):
        spoken(found, tmp_path, "dos")


def test_speed_and_duration_are_sent_as_the_server_takes_them(
    server: Server, tmp_path: Path
) -> None:
    cases: list[tuple[dict[str, Any], float]] = [
        ({"speed": 1.2}, 1.1), ({"adapt_speed": True}, 1.1), ({"duration_field": "duration"}, 1.25),
        ({"extra_body": '{"lang_code": "e", "speed": 2}'}, 1.0),
    ]  # fmt: skip
    for parameters, speed in cases:
        spoken(engine(server, tmp_path, **parameters), tmp_path, speed=speed)
    fixed, adapted, timed, more = (one.body for one in server.asked)
    assert (fixed["speed"], adapted["speed"]) == (1.2, 1.1)
    assert 0.5 < timed["duration"] < 2.5
    assert "speed" not in timed
    assert (more["lang_code"], more["speed"]) == ("e", 2)
    assert engine(server, tmp_path).reach == 0
    assert engine(server, tmp_path, adapt_speed=True).reach > 0


@pytest.fixture
def cloned(tmp_path: Path) -> Voice:
    sample = tmp_path / "sample.wav"
    sample.write_bytes(espeak("Hola."))
    return Voice("A", 0, sample, "inputs/a.wav", "Hola.", sample_sha256="ab" * 32)


def test_recording_goes_with_each_request(server: Server, tmp_path: Path, cloned: Voice) -> None:
    found = engine(server, tmp_path, voices="", clone="ref_audio")
    assert found.voices("es") is None
    assert spoken(found, tmp_path, voice=cloned) is not None
    body = server.asked[0].body
    assert body["ref_audio"].startswith("data:audio/wav;base64,UklGR")
    assert (body["ref_text"], body["language"]) == ("Hola.", "es")
    assert "voice" not in body
    assert spoken(found, tmp_path, voice=replace(cloned, sample_text=None)) is not None
    assert "ref_text" not in server.asked[1].body


@pytest.mark.parametrize("known", [False, True])
def test_recording_is_uploaded_once(
    server: Server, tmp_path: Path, cloned: Voice, known: bool
) -> None:
    def answer(asked: Asked) -> Response:
        if asked.path == "/v1/audio/voices":
            return Response(409 if known else 200)
        return good(asked)

    server.answer = answer
    found = engine(server, tmp_path, voices="", clone="upload")
    for _ in range(2):
        assert spoken(found, tmp_path, voice=cloned) is not None
    upload, *speeches = server.asked
    assert b'name="audio_sample"' in upload.raw
    assert b"RIFF" in upload.raw
    (name,) = {one.body["voice"] for one in speeches}
    assert name.startswith("dubjob-")
    assert f'name="name"\r\n\r\n{name}\r\n'.encode() in upload.raw


def test_each_recording_and_its_words_are_another_voice(
    server: Server, tmp_path: Path, cloned: Voice
) -> None:
    """A speaker who whispers has a second recording; corrected words must not meet the old ones."""
    found = engine(server, tmp_path, voices="", clone="upload")
    whispered = replace(cloned, number=1, sample_sha256="cd" * 32)
    for voice in (cloned, whispered, replace(cloned, sample_text="Hola, Ana."), cloned):
        assert spoken(found, tmp_path, voice=voice) is not None
    names = [one.body["voice"] for one in server.asked if one.path == "/v1/audio/speech"]
    assert names[0] == names[3]
    assert len(set(names)) == 3
    assert len(server.asked) == 7


def test_speakers_with_voices_of_their_own_do_not_share_a_clip(
    server: Server, tmp_path: Path
) -> None:
    """The same words, and the same number of a dealt voice: only the name differs."""
    segments = [
        segment(n, n * 2.0, n * 2.0 + 1.5, TEXT, speaker=speaker)
        for n, speaker in enumerate(("A", "B", "C", "B"))
    ]
    write_job(tmp_path, segments, seconds=10.0)
    parameters: dict[str, str | int | float | bool] = {
        "url": server.url, "model": "kokoro", "check": False,
        "voices": json.dumps({"*": "ana", "B": "bea"}),
    }  # fmt: skip
    choice = EngineChoice(engine="openai-speech", parameters=parameters)
    engines = {**ENGINES, Stage.SYNTHESIZE: choice}
    ended = run_stage_in(tmp_path, request_for(Stage.SYNTHESIZE, engines=engines))
    assert ended.code == ExitCode.OK, ended.result
    assert sorted(one.body["voice"] for one in server.asked) == ["ana", "ana", "bea", "bea"]
