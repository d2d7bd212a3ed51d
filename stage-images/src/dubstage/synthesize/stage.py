"""Synthesize: one clip for each line, silence at its ends removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.layout import Artifact
from dubstage.synthesize.engine import Speaker
from dubstage.timing.fit import engine_speed
from dubstage.timing.onset import speech_bounds
from dubstage.timing.prediction import SpeechRate
from dubstage.timing.slot import Line, Slot, slots
from dubstage.transcript import Clip, TranslatedSentence, read_list, write_list
from dubstage.work import Outcome, Work

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]

SHORTEST_SECONDS = 0.05
"""Less than this is no speech."""


def run(work: Work) -> Outcome:
    """Write a WAV file for each line, and ``segments.json``.

    A line that is too long for its slot is spoken again faster, as far as the
    engine does that well; mux stretches the rest.
    """
    import soundfile

    speaker = load_engine(work)
    lines = read_list(work, Artifact.TRANSLATED, TranslatedSentence)
    (vocals,) = work.read(Artifact.VOCALS)
    clips = []
    rate = SpeechRate(work.request.target_language)
    limits = slots(
        [Line(line.segment_id, line.speaker, line.start, line.end) for line in lines],
        soundfile.info(vocals).duration,
    )
    for number, (line, slot) in enumerate(zip(lines, limits, strict=True)):
        clip = _speak(work, speaker, line, slot, rate.predict(line.translation))
        rate.learn(line.translation, clip.duration * clip.spoken_speed)
        clips.append(clip)
        work.progress((number + 1) / len(lines))
    write_list(work.staging(Artifact.TTS_SEGMENTS, None), clips)
    seconds = sum(clip.duration for clip in clips)
    return Outcome(
        message=f"{len(clips)} lines, {seconds:.1f} s of speech by {work.request.engine.engine}",
        figures={"lines": len(clips), "speech_seconds": round(seconds, 3)},
    )


def load_engine(work: Work) -> Speaker:
    """The profile's engine. Raises :class:`Misconfigured` for one that is unknown."""
    choice = work.request.engine
    if choice.engine == "espeak-ng":
        from dubstage.synthesize.espeak import Espeak

        return Espeak(choice)
    if choice.engine == "gtts":
        from dubstage.synthesize.google import Gtts

        return Gtts()
    raise Misconfigured(
        f"The synthesize stage has no engine {choice.engine!r}; it has espeak-ng, gtts.",
        reason="EngineUnknown",
    )


def _speak(
    work: Work, speaker: Speaker, line: TranslatedSentence, slot: Slot, predicted: float
) -> Clip:
    """Speak one line into the tree."""
    import soundfile

    name = f"{line.segment_id}.wav"
    target = work.staging(Artifact.TTS_CLIPS, name)
    samples, rate = _spoken(work, speaker, line, 1.0)
    speed = engine_speed(len(samples) / rate, slot, speaker.max_speed - 1.0)
    if speed > 1.0:
        samples, rate = _spoken(work, speaker, line, speed)
    soundfile.write(target, samples, rate, subtype="PCM_16", format="WAV")
    return Clip(
        segment_id=line.segment_id,
        speaker=line.speaker,
        start=line.start,
        end=line.end,
        target_duration=line.duration,
        audio_file=name,
        predicted=predicted,
        duration=len(samples) / rate,
        spoken_speed=max(speed, 1.0),
        tts_backend=work.request.engine.engine,
    )


def _spoken(
    work: Work, speaker: Speaker, line: TranslatedSentence, speed: float
) -> tuple[Samples, int]:
    """The line's speech, one channel, silence at both ends removed, and its rate in Hz.

    Raises :class:`TemporaryFailure` where the engine stays silent.
    """
    import soundfile

    file: Path = work.scratch / f"{line.segment_id}.wav"
    speaker.speak(line.translation, work.request.target_language, speed, file)
    samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    file.unlink()
    mono = samples.mean(axis=1)
    begin, end = speech_bounds(mono, rate)
    if end - begin < SHORTEST_SECONDS:
        raise TemporaryFailure(
            f"{work.request.engine.engine} made no sound for {line.segment_id} "
            f"({line.translation!r}).",
            reason="NoSpeechMade",
        )
    return mono[int(begin * rate) : int(end * rate)], rate
