"""Segments are synthesized well, and not again without a change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy
import pytest
import soundfile
from speech_world import ENGINE_RATE, SEGMENTS, WatchedEngine, segment, tone, write_job

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.synthesize import stage
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.espeak import VARIANTS
from dubstage.synthesize.take import record
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.text.transcript import ClipFlag
from dubstage.workspace.layout import Artifact

TEXTS = [item.translation for item in SEGMENTS]
LINES_FOLDER = "interim/clip/.dubstage/clips"


def fail_at_the_last(text: str, _: int) -> numpy.ndarray:
    if text == TEXTS[2]:
        raise OSError(28, "No space left on device")
    return tone(0.6, ENGINE_RATE)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> WatchedEngine:
    result = WatchedEngine()
    monkeypatch.setattr(stage, "load_engine", lambda _: result)
    return result


def synthesize(folder: Path, **changes: object) -> Ended:
    return run_stage_in(folder, request_for(Stage.SYNTHESIZE, **changes))


def clips(ended: Ended) -> list[dict[str, object]]:
    assert ended.code == ExitCode.OK, ended.result
    actual: list[dict[str, object]] = json.loads(ended.tree.path(Artifact.TTS_SEGMENTS).read_text())
    return actual


def test_every_segment_has_a_clip_without_silence_at_its_ends(
    tmp_path: Path, engine: WatchedEngine
) -> None:
    write_job(tmp_path, SEGMENTS)
    ended = synthesize(tmp_path)
    actual = clips(ended)
    assert [clip["audio_file"] for clip in actual] == [f"{x.segment_id}.wav" for x in SEGMENTS]
    for clip, text in zip(actual, TEXTS, strict=True):
        info = soundfile.info(ended.tree.path(Artifact.TTS_CLIPS).parent / str(clip["audio_file"]))
        assert info.duration == pytest.approx(clip["duration"], abs=0.001)
        natural = float(str(clip["duration"])) * float(str(clip["spoken_speed"]))
        assert natural == pytest.approx(len(text) / 15, abs=0.02)
    assert ended.result.summary.reused_clips == 0
    visible = {path.name for path in ended.tree.path(Artifact.TTS_CLIPS).parent.iterdir()}
    assert visible == {"segments.json", *(str(clip["audio_file"]) for clip in actual)}


def test_segment_is_synthesized_at_the_speed_of_its_slot(
    tmp_path: Path, engine: WatchedEngine
) -> None:
    """The text takes 0.8 s, the slot has 0.7 s: the first take is faster."""
    tight = [segment(0, 0.5, 1.0, "doce letras!"), segment(1, 1.25, 3.0, "y esta cabe bien, si")]
    write_job(tmp_path, tight)
    result = clips(synthesize(tmp_path))
    assert result[0]["spoken_speed"] == pytest.approx(0.8 / 0.7, abs=0.05)
    assert engine.texts.count("doce letras!") == 1


def test_wrong_prediction_is_corrected_once(tmp_path: Path, engine: WatchedEngine) -> None:
    """The take is 0.44 s long instead of the expected 0.84 s: it needs no speed-up."""
    write_job(
        tmp_path, [segment(0, 0.5, 1.0, "quince letras!!"), segment(1, 1.45, 3.0, "y esta cabe")]
    )
    engine.sounds = lambda text, _: tone(0.44, ENGINE_RATE)
    result = clips(synthesize(tmp_path))
    assert [speed for text, speed in engine.asked if text == "quince letras!!"] == [
        pytest.approx(1.15),
        pytest.approx(1.0),
    ]
    assert result[0]["spoken_speed"] == pytest.approx(1.0, abs=0.01)


def test_only_changed_segments_are_synthesized_again(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, SEGMENTS)
    first = synthesize(tmp_path)
    before = first.tree.files(Artifact.TTS_CLIPS)[0].read_bytes()
    engine.asked.clear()
    write_job(tmp_path, [SEGMENTS[0], segment(1, 2.0, 3.0, "cinco"), SEGMENTS[2]])
    ended = synthesize(tmp_path)
    assert set(engine.texts) == {"cinco"}
    assert ended.result.summary.reused_clips == 2
    assert ended.tree.files(Artifact.TTS_CLIPS)[0].read_bytes() == before
    assert len(list(ended.tree.clip_cache.glob("*.wav"))) == 3


def test_changed_slot_or_parameter_needs_a_new_clip(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, SEGMENTS)
    synthesize(tmp_path)
    engine.asked.clear()
    tight = SEGMENTS[2].model_copy(update={"start": 2.3})
    write_job(tmp_path, [SEGMENTS[0], SEGMENTS[1], tight])
    synthesize(tmp_path)
    assert set(engine.texts) == {"cuatro"}
    engine.asked.clear()
    choice = EngineChoice(engine="espeak-ng", parameters={"words_per_minute": 150})
    synthesize(tmp_path, engines={**ENGINES, Stage.SYNTHESIZE: choice})
    assert set(engine.texts) == set(TEXTS)


def test_repeated_text_gets_a_clip_each_time(tmp_path: Path, engine: WatchedEngine) -> None:
    same = [segment(0, 0.5, 1.5, "sí"), segment(1, 2.0, 3.0, "sí")]
    write_job(tmp_path, same)
    synthesize(tmp_path)
    assert engine.texts == ["sí", "sí"]
    write_job(tmp_path, [*same, segment(2, 4.0, 4.5, "sí")])
    assert synthesize(tmp_path).result.summary.reused_clips == 2
    assert engine.texts == ["sí", "sí", "sí"]


@dataclass
class AnnouncedEngine(WatchedEngine):
    """An engine that decodes announced texts together."""

    announced: list[str] = field(default_factory=list)

    def announce(self, texts: Iterable[tuple[str, Voice]], language: str) -> None:
        self.announced = [text for text, _ in texts]


def test_announced_texts_are_those_that_are_spoken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without descriptions of sounds; and a clip that is kept is not announced."""
    engine = AnnouncedEngine()
    monkeypatch.setattr(stage, "load_engine", lambda _: engine)
    spoken = [segment(0, 0.5, 2.5, "[risas] hola,\namigos"), segment(1, 3.0, 4.0, "y adiós")]
    write_job(tmp_path, spoken)
    clips(synthesize(tmp_path))
    assert engine.announced == ["hola, amigos", "y adiós"]
    assert set(engine.texts) == set(engine.announced)
    write_job(tmp_path, [*spoken, segment(2, 5.0, 6.0, "por fin")])
    assert synthesize(tmp_path).result.summary.reused_clips == 2
    assert engine.announced == ["por fin"]


def test_interrupted_run_continues_where_it_stopped(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, SEGMENTS)

    engine.sounds = fail_at_the_last
    ended = synthesize(tmp_path)
    assert (ended.code, ended.result.reason) == (ExitCode.TEMPFAIL, "VolumeFull")
    assert not ended.tree.files(Artifact.TTS_CLIPS)
    engine.asked.clear()
    engine.sounds = None
    assert clips(synthesize(tmp_path))
    assert set(engine.texts) == {TEXTS[2]}


@pytest.mark.parametrize("ending", ["wav", "json"])
def test_damaged_clip_is_not_reused(tmp_path: Path, engine: WatchedEngine, ending: str) -> None:
    write_job(tmp_path, SEGMENTS)
    tree = synthesize(tmp_path).tree
    for file in tree.clip_cache.glob(f"*.{ending}"):
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content[: len(content) // 2])
    (tree.clip_cache / ".half.wav.7.partial").write_bytes(b"RIFF")
    engine.asked.clear()
    for file in tree.files(Artifact.TTS_CLIPS):
        file.unlink()
    synthesize(tmp_path)
    assert set(engine.texts) == set(TEXTS)
    assert not list(tree.clip_cache.glob(".*"))


@pytest.mark.parametrize(
    ("cut_off", "run", "spoken"),
    [(2, 2, TEXTS[2:]), (2, 3, TEXTS), (None, 2, TEXTS), (0, 0, TEXTS)],
)
def test_retry_synthesizes_everything_once_though_interrupted(
    tmp_path: Path, engine: WatchedEngine, cut_off: int | None, run: int, spoken: list[str]
) -> None:
    write_job(tmp_path, SEGMENTS)
    synthesize(tmp_path)
    engine.asked.clear()
    if cut_off is not None:
        engine.sounds = fail_at_the_last
        synthesize(tmp_path, force=True, run=cut_off)
        assert set(engine.texts) == set(TEXTS)
    engine.asked.clear()
    engine.sounds = None
    assert clips(synthesize(tmp_path, force=True, run=run))
    assert set(engine.texts) == set(spoken)
    assert {path.suffix for path in (tmp_path / LINES_FOLDER).iterdir()} == {".wav", ".json"}


def test_segments_without_words_or_translation_are_skipped_and_reported(
    tmp_path: Path, engine: WatchedEngine
) -> None:
    write_job(
        tmp_path,
        [
            SEGMENTS[0],
            segment(1, 2.0, 3.0, "«¡…!» —"),
            segment(2, 4.0, 5.0, "here we are", untranslated=True),
            segment(3, 6.0, 6.5, ""),
        ],
    )
    ended = synthesize(tmp_path)
    assert [(clip["audio_file"], clip["flag"]) for clip in clips(ended)] == [
        ("segment_0000.wav", None),
        ("", "nothing-to-say"),
        ("", "untranslated"),
        ("", "nothing-to-say"),
    ]
    assert set(engine.texts) == {TEXTS[0]}
    assert "2 nothing-to-say, 1 untranslated" in ended.result.message
    assert ended.result.summary.silent_segments == 3


def test_nothing_to_say_is_bad_input(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(
        tmp_path,
        [segment(0, 0.5, 1.5, "..."), segment(1, 2.0, 3.0, "as it was", untranslated=True)],
    )
    ended = synthesize(tmp_path)
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "NothingToSay")
    assert "(2 in all)" in ended.result.message


def test_segment_without_audio_does_not_fail_the_job(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, SEGMENTS)
    engine.sounds = lambda text, _: None if text == "cuatro" else tone(0.5, ENGINE_RATE)
    ended = synthesize(tmp_path)
    assert [clip["flag"] for clip in clips(ended)] == [None, "no-sound", None]
    assert engine.texts.count("cuatro") == 3
    engine.sounds = lambda text, _: numpy.zeros(4000, numpy.float32)
    silent = synthesize(tmp_path, force=True)
    assert (silent.code, silent.result.reason) == (ExitCode.TEMPFAIL, "NoSpeechMade")


GOOD, LONG = tone(0.5, ENGINE_RATE), tone(9.0, ENGINE_RATE)
SHORT = tone(0.2, ENGINE_RATE)
QUIET = numpy.zeros(4000, numpy.float32)
BROKEN = numpy.sign(GOOD)


@pytest.mark.parametrize(
    ("sounds", "attempts", "flag", "seconds"),
    [
        ([GOOD], 1, None, 0.5),
        ([QUIET, GOOD], 2, None, 0.5),
        ([None, LONG, GOOD], 3, None, 0.5),
        ([BROKEN, BROKEN, GOOD], 3, None, 0.5),
        ([LONG, QUIET, LONG], 3, ClipFlag.TOO_LONG, 9.0),
        ([LONG, BROKEN, QUIET], 3, ClipFlag.CLIPPED, 0.5),
        ([QUIET] * 3, 3, ClipFlag.NO_SOUND, 0.0),
        ([SHORT, GOOD], 2, None, 0.5),
        ([SHORT, SHORT, QUIET], 3, ClipFlag.TOO_SHORT, 0.2),
    ],
)
def test_failed_take_is_repeated_at_most_twice(
    tmp_path: Path,
    sounds: list[numpy.ndarray | None],
    attempts: int,
    flag: ClipFlag | None,
    seconds: float,
) -> None:
    left = list(sounds)

    def speak(speed: float, file: Path) -> None:
        sound = left.pop(0)
        if sound is not None:
            soundfile.write(file, sound, ENGINE_RATE, subtype="FLOAT")

    take = record(speak, 1.0, 0.6, tmp_path / "take.wav")
    assert len(sounds) - len(left) == attempts
    assert take.flag is flag
    assert take.duration == pytest.approx(seconds, abs=0.01)


def test_too_long_takes_are_limited_to_three_and_reported(
    tmp_path: Path, engine: WatchedEngine
) -> None:
    """Its duration requires a higher speed, which would cost three more failed takes."""
    write_job(tmp_path, SEGMENTS)
    engine.sounds = lambda text, _: LONG if text == "cuatro" else tone(0.6, ENGINE_RATE)
    ended = synthesize(tmp_path)
    assert [clip["flag"] for clip in clips(ended)] == [None, "too-long", None]
    assert engine.texts.count("cuatro") == 3
    assert ended.result.summary.too_long_clips == 1


def test_rate_is_not_learned_from_failed_takes(tmp_path: Path, engine: WatchedEngine) -> None:
    """Three clips decide the rate, unless they are faulty, new or kept: the table's stays."""
    names = ["primera", "segunda", "tercera", "cuarta", "quinta"]
    segments = [segment(i, 1 + 2 * i, 2 + 2 * i, name) for i, name in enumerate(names)]
    engine.sounds = lambda text, _: LONG if text in names[:3] else tone(0.6, ENGINE_RATE)
    for count in (4, 5):
        write_job(tmp_path, segments[:count], seconds=12.0)
        result = clips(synthesize(tmp_path))
        assert [clip["flag"] for clip in result[:4]] == ["too-long"] * 3 + [None]
        assert result[-1]["predicted"] == pytest.approx(6 / 15.5, abs=0.01)


def test_truncated_takes_are_reported(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, [segment(0, 0.5, 2.0, "a sentence of thirty letters in all"), SEGMENTS[2]])
    engine.sounds = lambda text, _: SHORT if text.startswith("a s") else tone(0.6, ENGINE_RATE)
    ended = synthesize(tmp_path)
    assert [clip["flag"] for clip in clips(ended)] == ["too-short", None]
    assert ended.result.summary.too_short_clips == 1
    assert "1 too-short" in ended.result.message


@pytest.mark.parametrize("astray", [BROKEN, LONG], ids=["broken", "long"])
def test_good_take_is_not_replaced_by_a_failed_one(
    tmp_path: Path, engine: WatchedEngine, astray: numpy.ndarray
) -> None:
    """The first is much shorter than expected, so a slower one is tried."""
    write_job(
        tmp_path, [segment(0, 0.5, 1.0, "quince letras!!"), segment(1, 1.45, 3.0, "y esta cabe")]
    )
    engine.sounds = lambda text, attempt: (
        tone(0.44, ENGINE_RATE) if text != "quince letras!!" or not attempt else astray
    )
    result = clips(synthesize(tmp_path))
    assert result[0]["flag"] is None
    assert result[0]["duration"] == pytest.approx(0.44, abs=0.01)
    assert engine.texts.count("quince letras!!") == 3


def test_every_speaker_has_a_voice_of_its_own(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(
        tmp_path,
        [segment(0, 0.5, 1.5, speaker="B"), segment(1, 2.0, 3.0, speaker="A"),
         segment(2, 4.0, 5.0, speaker="B")],
    )  # fmt: skip
    synthesize(tmp_path)
    assert {(voice.speaker, voice.number) for voice in engine.cast} == {("B", 0), ("A", 1)}
    assert len(set(VARIANTS)) == len(VARIANTS) >= 8


def test_clips_are_deleted_with_the_interim_files(tmp_path: Path, engine: WatchedEngine) -> None:
    from dubstage.workspace.prune import delete_interim

    write_job(tmp_path, SEGMENTS)
    tree = synthesize(tmp_path).tree
    assert tree.clip_cache.is_dir()
    delete_interim(tree)
    assert not tree.clip_cache.exists()
    assert not list(tree.path(Artifact.TTS_CLIPS).parent.iterdir())
