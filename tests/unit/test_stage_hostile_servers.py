"""The engines `openai-speech` and `openai` against servers that hold them up or fill them."""

from __future__ import annotations

import gzip
import itertools
import json
import subprocess
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import soundfile
from raw_server import dripping, head, raw_server

from dubstage.engines import http_answer, retries
from dubstage.errors import TemporaryFailure
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.openai_speech import client as speech_client
from dubstage.synthesize.openai_speech import engine as speech_engine
from dubstage.synthesize.openai_speech.engine import OpenAISpeech
from dubstage.synthesize.openai_speech.settings import read as read_speech
from dubstage.synthesize.take import Take, record
from dubstage.text.transcript import ClipFlag
from dubstage.translate.engine import SourceSegment, TranslationContext
from dubstage.translate.openai import client as chat_client
from dubstage.translate.openai.engine import OpenAITranslator
from dubstage.translate.openai.settings import read as read_chat

TEXT = "Buenos días a todos."
PATIENCE = 0.5
"""Seconds of each request."""
ATTEMPTS = 2
LIMIT = 1 << 20
"""Bytes of an answer, in these tests."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(retries, "PATIENT_ATTEMPTS", ATTEMPTS)
    monkeypatch.setattr(chat_client, "MAX_ANSWER_BYTES", LIMIT)
    monkeypatch.setattr(speech_client, "MAX_ANSWER_BYTES", LIMIT)
    monkeypatch.setattr(speech_client, "MAX_MESSAGE_BYTES", LIMIT)


def wav(*arguments: str) -> bytes:
    """Speech of a second in the form that ffmpeg's `arguments` name."""
    speech = subprocess.run(
        ["espeak-ng", "-v", "es", "--stdout", "--", TEXT], capture_output=True, check=True
    ).stdout
    command = ["ffmpeg", "-v", "error", "-i", "pipe:0", *arguments, "pipe:1"]
    return subprocess.run(command, input=speech, capture_output=True, check=True).stdout


def speak(url: str, folder: Path, **more: Any) -> Path | None:
    """The audio of a text; None if there is none."""
    settings = {"url": url, "model": "m", "voices": "ana", "timeout_seconds": PATIENCE, **more}
    engine = OpenAISpeech(read_speech(settings), None, folder)
    target = folder / "take.wav"
    try:
        engine.speak(TEXT, "es", Voice("A", 0), 1.0, target)
    finally:
        engine.close()
    return target if target.exists() else None


def chat(url: str, **more: Any) -> list[str]:
    """The translations of one segment."""
    settings = {"url": url, "model": "m", "timeout_seconds": PATIENCE, "fit": False, **more}
    segments = [SourceSegment("segment_0000", "Good morning, everybody.", "A")]
    job = TranslationContext("en", "es", transcript=segments)
    translator = OpenAITranslator(read_chat(settings), None)
    return [one.text for one in translator.translate(segments, job)]


def completion(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


GOOD_SPEECH = head(Content_Type="audio/wav") + wav("-f", "wav")
GOOD_CHAT = head(Content_Type="application/json") + completion(
    json.dumps({"segments": [{"id": "segment_0000", "text": TEXT}]})
)
STREAM = head(Content_Type="text/event-stream")


def endless(piece: bytes) -> Iterable[bytes]:
    return itertools.repeat(piece, 4096)


def bomb(megabytes: int) -> bytes:
    """Zeros, a thousand times smaller."""
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    parts = [packer.compress(bytes(1 << 20)) for _ in range(megabytes)]
    return b"".join([*parts, packer.flush()])


LATE: dict[str, Callable[[], Iterable[bytes]]] = {
    "header byte by byte": lambda: dripping(head(Server="x" * 200), PATIENCE / 10),
    "many headers": lambda: dripping(head() + b"X: y\r\n" * 150, PATIENCE / 10, size=6),
    "interim answers": lambda: itertools.chain.from_iterable(
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n", PATIENCE / 10, size=25) for _ in range(150)
    ),
    "header, then nothing": lambda: [head(Content_Length="9"), *pause(15 * PATIENCE)],
    "body byte by byte": lambda: itertools.chain([head()], dripping(b"x" * 150, PATIENCE / 10)),
    "error byte by byte": lambda: itertools.chain([head(400)], dripping(b"x" * 150, PATIENCE / 10)),
}


def pause(seconds: float) -> Iterator[bytes]:
    time.sleep(seconds)
    yield b""


@pytest.mark.parametrize("name", LATE)
@pytest.mark.parametrize("engine", ["speech", "chat", "stream"])
def test_timeout_bounds_the_whole_answer(engine: str, name: str, tmp_path: Path) -> None:
    good = GOOD_SPEECH if engine == "speech" else GOOD_CHAT
    with raw_server(lambda number: [good] if number else LATE[name]()) as server:
        began = time.monotonic()
        if engine == "speech":
            assert speak(server.url, tmp_path) is not None
        else:
            assert chat(server.url, stream=engine == "stream") == [TEXT]
        assert time.monotonic() - began < 8 * PATIENCE
    assert server.requests == 2


FULL: dict[str, Callable[[], Iterable[bytes]]] = {
    "endless body": lambda: itertools.chain([head()], endless(b"\0\1" * 32768)),
    "length of a terabyte": lambda: itertools.chain(
        [head(Content_Length=str(1 << 40))], endless(b"\0\1" * 32768)
    ),
    "endless chunks": lambda: itertools.chain(
        [head(Transfer_Encoding="chunked")], endless(b"10000\r\n" + bytes(65536) + b"\r\n")
    ),
    "bomb": lambda: [head(Content_Encoding="gzip"), bomb(200)],
    "garbage after a gzip": lambda: itertools.chain(
        [head(Content_Encoding="gzip"), gzip.compress(b"x")], endless(b"x" * 65536)
    ),
    "gzips without an end": lambda: itertools.chain(
        [head(Content_Encoding="gzip")], endless(gzip.compress(b""))
    ),
    "bomb in a bomb": lambda: [head(Content_Encoding="gzip, gzip"), gzip.compress(bomb(200))],
    "bomb with an error": lambda: [head(400, Content_Encoding="gzip"), bomb(200)],
    "unknown encoding": lambda: [head(Content_Encoding="br"), b"x" * 100],
    "no gzip": lambda: [head(Content_Encoding="gzip"), b"x" * 100],
    "cut gzip": lambda: [head(Content_Encoding="gzip"), gzip.compress(b"x" * 9999)[:-20]],
    "row without an end": lambda: itertools.chain([STREAM, b"data: "], endless(b"x" * 65536)),
    "endless comments": lambda: itertools.chain(
        [STREAM], endless((b":" + b"x" * 1022 + b"\n") * 64)
    ),
    "bomb in a stream": lambda: [
        head(Content_Type="text/event-stream", Content_Encoding="gzip"), bomb(200)
    ],
    "endless header": lambda: itertools.chain([b"HTTP/1.1 200 OK\r\nX: "], endless(b"x" * 65536)),
}  # fmt: skip


@pytest.mark.parametrize("name", FULL)
@pytest.mark.parametrize("engine", ["speech", "chat", "stream"])
def test_no_answer_fills_the_memory(engine: str, name: str, tmp_path: Path) -> None:
    good = GOOD_SPEECH if engine == "speech" else GOOD_CHAT
    pieces = FULL[name]
    # Modules and models that are loaded once do not count.
    with raw_server(lambda _: [good]) as server:
        assert (
            speak(server.url, tmp_path, timeout_seconds=20)
            if engine == "speech"
            else chat(server.url, timeout_seconds=20)
        )
    with raw_server(lambda number: [good] if number else pieces()) as server:
        tracemalloc.start()
        try:
            if engine == "speech":
                speak(server.url, tmp_path, timeout_seconds=20)
            else:
                assert chat(server.url, stream=engine == "stream", timeout_seconds=20) == [TEXT]
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert most < 12 << 20


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "identity", "GZIP"])
def test_compressed_answer_is_read(encoding: str, tmp_path: Path) -> None:
    packed = GOOD_CHAT.partition(b"\r\n\r\n")[2]
    if encoding == "deflate":
        packed = zlib.compress(packed)
    elif encoding != "identity":
        packed = gzip.compress(packed)
    with raw_server(lambda _: [head(Content_Encoding=encoding), packed]) as server:
        assert chat(server.url) == [TEXT]


@pytest.mark.parametrize("rest", [b"\n", gzip.compress(b" ")], ids=["newline", "gzip member"])
def test_answer_that_goes_on_after_its_end_is_refused(rest: bytes) -> None:
    packed = gzip.compress(GOOD_CHAT.partition(b"\r\n\r\n")[2])

    def answer(number: int) -> list[bytes]:
        return [GOOD_CHAT] if number else [head(Content_Encoding="gzip"), packed + rest]

    with raw_server(answer) as server:
        assert chat(server.url) == [TEXT]
    assert server.requests == 2


def float_wav(samples: numpy.ndarray, folder: Path, rate: int = 24000) -> bytes:
    file = folder / "made.wav"
    soundfile.write(file, samples.astype(numpy.float32), rate, subtype="FLOAT", format="WAV")
    return file.read_bytes()


FORMS = {
    "8 bits": ("-c:a", "pcm_u8", "-f", "wav"),
    "24 bits": ("-c:a", "pcm_s24le", "-f", "wav"),
    "float": ("-c:a", "pcm_f32le", "-f", "wav"),
    "double": ("-c:a", "pcm_f64le", "-f", "wav"),
    "mu-law, 8 kHz": ("-c:a", "pcm_mulaw", "-ar", "8000", "-f", "wav"),
    "A-law": ("-c:a", "pcm_alaw", "-ar", "8000", "-f", "wav"),
    "six channels": ("-ac", "6", "-f", "wav"),
    "192 kHz": ("-ar", "192000", "-f", "wav"),
    "flac": ("-f", "flac"),
    "aac": ("-f", "adts"),
    "opus": ("-c:a", "libopus", "-f", "ogg"),
}


@pytest.mark.parametrize("form", FORMS)
def test_audio_in_any_form_is_read(form: str, tmp_path: Path) -> None:
    audio = wav(*FORMS[form])
    with raw_server(lambda _: [head(Content_Type="application/octet-stream"), audio]) as server:
        take = speak(server.url, tmp_path, timeout_seconds=20)
    assert take
    plain = tmp_path / "plain.wav"
    plain.write_bytes(wav("-f", "wav"))
    assert soundfile.info(take).duration == pytest.approx(soundfile.info(plain).duration, abs=0.15)


@pytest.mark.parametrize("length", [0, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF - 36, 1 << 30])
def test_wrong_length_in_a_header_is_ignored(length: int, tmp_path: Path) -> None:
    audio = bytearray(subprocess.run(
        ["espeak-ng", "-v", "es", "--stdout", "--", TEXT], capture_output=True, check=True
    ).stdout)  # fmt: skip
    at = audio.index(b"data")
    seconds = (len(audio) - at - 8) / 2 / 22050
    audio[at + 4 : at + 8] = length.to_bytes(4, "little")
    with raw_server(lambda _: [head(Content_Type="audio/wav"), bytes(audio)]) as server:
        take = speak(server.url, tmp_path, timeout_seconds=20)
    assert take
    assert soundfile.info(take).duration == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize("form", ["wav", "pcm"])
@pytest.mark.parametrize(
    "body",
    [
        b"<html>Sign in</html>", b'{"error": "busy"}', b"[]", b"#EXTM3U\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n", b"RIFF\xff\xff\xff\xffWAVE", b"",
    ],
)  # fmt: skip
def test_text_is_not_audio_whatever_its_type(form: str, body: bytes, tmp_path: Path) -> None:
    def answer(number: int) -> list[bytes]:
        return [head(Content_Type="audio/wav"), body] if number == 0 else [GOOD_SPEECH]

    with raw_server(answer) as server:
        take = speak(server.url, tmp_path, response_format=form, timeout_seconds=20)
    assert take is None or soundfile.info(take).duration < 0.01


@pytest.mark.parametrize("form", ["wav", "pcm"])
def test_audio_of_an_hour_is_not_a_segment(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_client, "MAX_ANSWER_BYTES", 128 << 20)
    hour = bytes(8000 * 2 * 3600)
    audio = hour
    if form == "wav":
        made = tmp_path / "hour.wav"
        soundfile.write(made, numpy.zeros(8000 * 3600, numpy.int16), 8000, subtype="PCM_16")
        audio = made.read_bytes()
    with raw_server(lambda number: [GOOD_SPEECH] if number else [head(), audio]) as server:
        take = speak(server.url, tmp_path, response_format=form, pcm_rate=8000, timeout_seconds=20)
    assert take is None
    assert not list(tmp_path.glob("answer-*"))


def test_longest_audio_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_engine, "LONGEST_SECONDS", 2.0)
    samples = (numpy.sin(numpy.arange(24000 * 2) / 20) * 9000).astype("<i2").tobytes()
    with raw_server(lambda _: [head(), samples]) as server:
        take = speak(server.url, tmp_path, response_format="pcm", timeout_seconds=20)
    assert take
    assert soundfile.info(take).duration == 2.0


def test_server_that_always_holds_up_is_away(tmp_path: Path) -> None:
    with (
        raw_server(lambda _: LATE["header byte by byte"]()) as server,
        pytest.raises(TemporaryFailure, match=r"no answer in 0\.5 s"),
    ):
        speak(server.url, tmp_path)
    assert server.requests == ATTEMPTS


def test_end_of_the_stage_ends_requests(tmp_path: Path) -> None:
    settings = read_speech({"url": "http://x/v1", "model": "m", "voices": "a"})
    with raw_server(lambda _: pause(30)) as server:
        engine = OpenAISpeech(settings.model_copy(update={"url": server.url}), None, tmp_path)
        engine.announce([(f"texto {number}", Voice("A", 0)) for number in range(9)], "es")
        while server.requests < 4:
            time.sleep(0.01)
        began = time.monotonic()
        engine.close()
        engine.close()
        assert time.monotonic() - began < 1


def speech(seconds: float = 1.0, rate: int = 16000) -> numpy.ndarray:
    time_ = numpy.arange(int(seconds * rate)) / rate
    return (0.3 * numpy.sin(2 * numpy.pi * 200 * time_)).astype(numpy.float32)


def taken(samples: numpy.ndarray, folder: Path, rate: int = 16000) -> Take:
    def write(_: float, file: Path) -> None:
        soundfile.write(file, samples, rate, subtype="FLOAT", format="WAV")

    return record(write, 1.0, 1.0, folder / "take.wav", attempts=1)


@pytest.mark.parametrize("wrong", [numpy.nan, numpy.inf, -numpy.inf])
def test_samples_that_are_no_numbers_are_no_sound(wrong: float, tmp_path: Path) -> None:
    samples = speech()
    samples[8000] = wrong
    assert taken(samples, tmp_path).flag is ClipFlag.NO_SOUND


@pytest.mark.parametrize("wrong", [numpy.nan, numpy.inf, 1e30])
def test_wrong_sample_of_a_server_is_seen(wrong: float, tmp_path: Path) -> None:
    samples = speech(rate=24000)
    samples[5000:5100] = wrong
    audio = float_wav(samples, tmp_path)
    with raw_server(lambda _: [head(Content_Type="audio/wav"), audio]) as server:
        take = speak(server.url, tmp_path, timeout_seconds=20)
    assert take
    read, rate = soundfile.read(take, dtype="float32")
    assert taken(read, tmp_path, rate).flag is not None


def test_channels_are_mixed_no_louder(tmp_path: Path) -> None:
    both = numpy.stack([speech(rate=24000) * 3] * 2, axis=1)
    file = tmp_path / "both.wav"
    soundfile.write(file, both, 24000, subtype="PCM_16")
    with raw_server(lambda _: [head(), file.read_bytes()]) as server:
        take = speak(server.url, tmp_path, timeout_seconds=20)
    assert take
    assert numpy.abs(soundfile.read(take)[0]).max() == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize("rate", [1, 100, 199])
def test_audio_of_a_rate_without_speech_is_no_sound(rate: int, tmp_path: Path) -> None:
    assert taken(speech(rate=16000), tmp_path, rate).flag is ClipFlag.NO_SOUND


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no audio at all" * 99])
def test_unreadable_take_is_no_sound(content: bytes, tmp_path: Path) -> None:
    take = record(lambda _, file: _written(file, content), 1.0, 1.0, tmp_path / "t.wav", attempts=1)
    assert take.flag is ClipFlag.NO_SOUND


def _written(file: Path, content: bytes) -> None:
    file.write_bytes(content)


@pytest.mark.parametrize("offset", [-0.4, 0.05, 0.4])
def test_offset_does_not_hide_silence(offset: float, tmp_path: Path) -> None:
    silence = numpy.zeros(8000, numpy.float32)
    samples = numpy.concatenate([silence, speech(), silence]) + numpy.float32(offset)
    take = taken(samples, tmp_path)
    assert take.flag is None
    assert take.duration == pytest.approx(1.0, abs=0.02)
    assert abs(float(take.samples.mean())) < 0.01


async def test_lines_arrive_as_soon_as_they_are_complete() -> None:
    async def received() -> Any:
        for part in (b"a", b"b\r\n", b"c\nd", b"\xc3", b"\xa9\n\n", b"e"):
            yield part

    assert [line async for line in http_answer.lines(received())] == ["ab", "c", "dé", "", "e"]
