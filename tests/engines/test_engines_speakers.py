"""The real diarizer: who speaks when, with voices of Kokoro and of people."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from itertools import permutations
from pathlib import Path

import numpy
import pytest
import soundfile
from clips import LIBRIVOX
from dub_run import SEED

from dubstage.contract import EngineChoice, ExitCode, SpeakerRange, Stage
from dubstage.media.audio import Samples
from dubstage.media.ffmpeg import run
from dubstage.media.windows import recognizer_samples
from dubstage.speakers.diarizer import Diarizer
from dubstage.speakers.networks import Networks
from dubstage.speakers.turns import Turn
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.espeak import Espeak
from dubstage.synthesize.kokoro import Kokoro
from dubstage.testing import ENGINES, Ended, request_for, run_stage_in
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

Said = tuple[float, float, str]
"""Start and end of an utterance in seconds, and who says it."""

RATE = 16000
MODEL = "diarizer/v1"
TEXTS = (
    "The council will meet tomorrow morning in the main building near the station.",
    "I never thought that we would see the mountains again before the winter came.",
    "She asked him twice whether the letter had arrived, and he said nothing at all.",
    "There is a small shop around the corner where they sell bread and old newspapers.",
    "If you want my opinion, we should leave now and come back when the rain stops.",
)
PERSON = "a person"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def say(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Samples]:
    """Utterance `number` of a speaker: a number of Kokoro's voices as text, or a person's."""
    folder = tmp_path_factory.mktemp("voices")
    kokoro = Kokoro(SEED / "kokoro/v1.0", Espeak(EngineChoice(engine="kokoro", model="v1.0")))
    people = sorted(LIBRIVOX.glob("*.wav"))

    @cache
    def utterance(speaker: str, number: int) -> Samples:
        wav = folder / "take.wav"
        if speaker == PERSON:
            wav = people[number % len(people)]
        else:
            text = TEXTS[number % len(TEXTS)]
            kokoro.speak(text, "en", Voice("A", int(speaker)), 1.0, wav)
        samples = recognizer_samples(wav)
        audible = numpy.flatnonzero(numpy.abs(samples) > 0.02 * numpy.abs(samples).max())
        trimmed = samples[audible[0] : audible[-1]]
        return trimmed * (0.3 / float(numpy.abs(trimmed).max()))

    return lambda speaker, number: utterance(speaker, number % len(TEXTS))


def conversation(
    say: Callable[[str, int], Samples], speakers: Sequence[str], gap: float = 0.4
) -> tuple[Samples, list[Said]]:
    """One utterance after the other."""
    parts, said, at = [], [], 0.0
    for number, speaker in enumerate(speakers):
        samples = say(speaker, number)
        parts += [numpy.zeros(round(gap * RATE), numpy.float32), samples]
        said.append((at + gap, at + gap + len(samples) / RATE, speaker))
        at = said[-1][1]
    return numpy.concatenate(parts), said


def turns_in(samples: Samples, fewest: int = 1, most: int | None = None) -> list[Turn]:
    diarizer = Diarizer(Networks(SEED / MODEL, threads=2))
    diarizer.hear(samples, 0.0)
    return diarizer.turns(fewest, most)


def confusion(turns: Sequence[Turn], said: Sequence[Said]) -> float:
    """The share of the time in which somebody else is named, with the best naming."""
    names = sorted({who for *_, who in said})
    found = sorted({turn.speaker for turn in turns})
    overlap = numpy.zeros((len(names), max(len(found), len(names))))
    for start, end, who in said:
        for turn in turns:
            seconds = max(0.0, min(end, turn.end) - max(start, turn.start))
            overlap[names.index(who), found.index(turn.speaker)] += seconds
    best = max(
        sum(overlap[place, column] for place, column in enumerate(columns))
        for columns in permutations(range(overlap.shape[1]), len(names))
    )
    return 1.0 - float(best) / float(overlap.sum())


@pytest.mark.parametrize(
    "speakers",
    [
        ["0", "0", "0", "0"],
        [PERSON] * 4,
        ["0", "1", "0", "1", "0", "1"],
        # Two women, and two men.
        ["0", "6", "0", "6", "0", "6"],
        ["1", "3", "1", "3", "1", "3"],
        ["0", "1", PERSON, "0", PERSON, "1", "0", PERSON],
        ["0", "1", "6", "3", "0", "1", "6", "3", "0", "6"],
    ],
)
def test_speakers_are_counted_and_told_apart(
    say: Callable[[str, int], Samples], speakers: list[str]
) -> None:
    samples, said = conversation(say, speakers)
    turns = turns_in(samples)
    assert len({turn.speaker for turn in turns}) == len(set(speakers))
    assert confusion(turns, said) <= 0.05
    heard = sum(turn.end - turn.start for turn in turns)
    assert heard == pytest.approx(sum(end - start for start, end, _ in said), rel=0.25)


def test_number_of_speakers_that_the_user_gives_is_kept(
    say: Callable[[str, int], Samples],
) -> None:
    samples, said = conversation(say, ["0", "1", "6", "0", "1", "6"])
    assert len({turn.speaker for turn in turns_in(samples, 1, 2)}) == 2
    exact = turns_in(samples, 3, 3)
    assert len({turn.speaker for turn in exact}) == 3
    assert confusion(exact, said) <= 0.05


def transcribe(folder: Path, samples: Samples, *, diarize: bool = True, **changes: object) -> Ended:
    """Run the stage with the models of the cpu profile."""
    for name in ("faster-whisper/base", MODEL):
        target = folder / "models" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.symlink_to(SEED / name)
    source = folder / "inputs/clip/source.mp4"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("source")
    soundfile.write(folder / "low.wav", samples, RATE)
    run(["-i", folder / "low.wav", "-ar", "48000", "-ac", "2", folder / "high.wav"])

    def lay(work: Work) -> Outcome:
        is_ingest = work.request.stage is Stage.INGEST
        for artifact in [Artifact.AUDIO] if is_ingest else [Artifact.VOCALS, Artifact.BACKGROUND]:
            path = work.staging(artifact, None)
            path.write_bytes((folder / "high.wav").read_bytes())
        return Outcome()

    for before in (Stage.INGEST, Stage.SEPARATE):
        run_stage_in(folder, request_for(before), lay)
    parameters: dict[str, str | int | float | bool] = {} if diarize else {"diarize": False}
    choice = EngineChoice(engine="faster-whisper", model="base", parameters=parameters)
    engines = {**ENGINES, Stage.TRANSCRIBE: choice}
    return run_stage_in(folder, request_for(Stage.TRANSCRIBE, engines=engines, **changes))


def speakers_of(ended: Ended) -> list[str]:
    assert ended.code == ExitCode.OK, ended.result.message
    rows = json.loads(ended.tree.path(Artifact.TRANSCRIPT).read_text())
    return [row["speaker"] for row in rows]


def test_transcript_names_the_speakers(tmp_path: Path, say: Callable[[str, int], Samples]) -> None:
    samples, _ = conversation(say, ["0", "1", "0", "1"], gap=0.6)
    ended = transcribe(tmp_path, samples)
    assert list(dict.fromkeys(speakers_of(ended))) == ["SPEAKER_00", "SPEAKER_01"]
    assert speakers_of(ended) == ["SPEAKER_00", "SPEAKER_01"] * 2
    assert ended.result.message.endswith("2 speakers")
    assert ended.result.summary.speakers == 2
    for alone in (
        transcribe(tmp_path, samples, diarize=False),
        transcribe(tmp_path, samples, speakers=SpeakerRange(max=1)),
    ):
        assert set(speakers_of(alone)) == {"SPEAKER_00"}


def test_interjection_belongs_to_whoever_says_it(
    tmp_path: Path, say: Callable[[str, int], Samples]
) -> None:
    first, second = say("0", 2), say("0", 4)
    other = say("1", 0)
    pause = numpy.zeros(round(0.15 * RATE), numpy.float32)
    aside = say("1", 1)[: round(0.75 * RATE)]
    samples = numpy.concatenate([pause, other, pause, first, pause, aside, pause, second])
    ended = transcribe(tmp_path, samples)
    assert ended.code == ExitCode.OK, ended.result.message
    words = json.loads(ended.tree.path(Artifact.ALIGNED_SEGMENTS).read_text())["word_segments"]
    start = (len(other) + len(first) + 3 * len(pause)) / RATE
    end = start + len(aside) / RATE
    inside = [
        word for word in words if start - 0.1 <= (word["start"] + word["end"]) / 2 <= end + 0.1
    ]
    assert inside, words
    assert {word["speaker"] for word in inside} == {"SPEAKER_00"}
    outside = [
        word
        for word in words
        if word["start"] > end + 0.2 or len(other) / RATE + 0.4 < word["end"] < start
    ]
    assert {word["speaker"] for word in outside} == {"SPEAKER_01"}
