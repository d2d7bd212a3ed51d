"""Who speaks with which voice: a person's recording, a part of the programme, or one of the
engine's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.errors import BadInput
from dubstage.inputs import voice_files
from dubstage.logs import step
from dubstage.media import audio
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.references import Heard, Reference, choose
from dubstage.text.counting import counted
from dubstage.text.transcript import TranslatedSegment
from dubstage.timing.fade import fade
from dubstage.timing.onset import speech_bounds
from dubstage.workspace.digests import sha256
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Work

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray
    from soundfile import SoundFile

    Samples = NDArray[numpy.float32]

EDGE_SECONDS = 0.2
"""Silence at both ends of a reference: one that is cut dead makes an engine click."""
BETWEEN_SECONDS = 0.25
FADE_SECONDS = 0.01
PEAK = 0.8
"""Of a reference's loudest sample: a whispered line must not give a whispering voice."""
LITTLE_SECONDS = 3.0
"""A reference that is shorter is said: the voice will be a guess."""


@dataclass(frozen=True)
class Cast:
    """The voices of a programme."""

    voices: Mapping[str, Voice]
    """By speaker."""
    remarks: tuple[str, ...]
    """What a person should know about them."""


@step("choose voices")
def choose_voices(work: Work, lines: Sequence[TranslatedSegment], own_voices: int | None) -> Cast:
    """A voice for every speaker of `lines`, in the order in which they first speak.

    `own_voices`: how many the engine has; None for one that needs a recording of each.
    Raises :class:`BadInput` for a person's recording that cannot be used, and where there
    is no speech to take a voice from.
    """
    speakers = list(dict.fromkeys(line.speaker for line in lines))
    voices = {name: Voice(name, number) for number, name in enumerate(speakers)}
    voice_files.check(work.tree.roots, work.request)
    given = voice_files.find(work.tree.roots, work.request.job_id)
    remarks = [
        f"{voice_files.name_of(work.request.job_id, path)} is nobody's voice: the speakers are "
        + ", ".join(speakers)
        for name, path in given.items()
        if name not in voices
    ]
    if own_voices is not None:
        engine, language = work.request.engine.engine, work.request.target_language
        if given:
            remarks.append(f"{engine} cannot use recordings of voices")
        if len(voices) > own_voices:
            remarks.append(
                f"{counted(len(voices), 'speaker')} share {counted(own_voices, 'voice')}: "
                f"{engine} has no more in {language}"
            )
        return Cast(voices, tuple(remarks))
    found = {name: _given(work, voices[name], given[name]) for name in voices if name in given}
    rest = [voice for name, voice in voices.items() if name not in found]
    if rest:
        found |= _from_programme(work, lines, rest, remarks)
    return Cast(found, tuple(remarks))


def _given(work: Work, voice: Voice, path: Path) -> Voice:
    return replace(
        voice,
        sample=path,
        sample_name=voice_files.name_of(work.request.job_id, path),
        sample_sha256=sha256(path),
    )


def _from_programme(
    work: Work, lines: Sequence[TranslatedSegment], voices: Sequence[Voice], remarks: list[str]
) -> dict[str, Voice]:
    """A recording for each of `voices`, out of the programme's own speech."""
    import soundfile

    (vocals,), (background,) = work.read(Artifact.VOCALS), work.read(Artifact.BACKGROUND)
    with soundfile.SoundFile(vocals) as speech, soundfile.SoundFile(background) as rest:
        heard = [_hear(line, speech, rest) for line in lines]
        chosen = {voice.speaker: choose(heard, voice.speaker) for voice in voices}
        best = max(filter(None, chosen.values()), key=lambda x: x.ratio_db, default=None)
        if best is None:
            raise BadInput(
                f"The speech of inputs/{work.request.source} is silent where it should be heard: "
                f"there is no voice to take over. Lay recordings below inputs/"
                f"{work.request.job_id}/{voice_files.FOLDER}/, one <speaker>.wav for each.",
                reason="NoVoice",
            )
        found = {}
        for voice in voices:
            own = chosen[voice.speaker]
            if own is None or own.seconds < LITTLE_SECONDS:
                seconds = own.seconds if own else 0.0
                remarks.append(
                    f"{voice.speaker} speaks {seconds:.1f} s alone: the voice is a guess"
                )
            found[voice.speaker] = _cut(work, voice, own or best, speech)
    return found


def _hear(line: TranslatedSegment, speech: SoundFile, background: SoundFile) -> Heard:
    """What the recording says about one line."""
    import numpy

    voice, rest = _read(speech, line.start, line.end), _read(background, line.start, line.end)
    return Heard(
        speaker=line.speaker,
        start=line.start,
        end=line.end,
        text=line.text,
        speech_energy=float(numpy.square(voice, dtype=numpy.float64).sum()),
        background_energy=float(numpy.square(rest, dtype=numpy.float64).sum()),
        clipped_share=audio.clipped_share(voice) if len(voice) else 0.0,
    )


def _cut(work: Work, voice: Voice, reference: Reference, speech: SoundFile) -> Voice:
    """Write the recording of a voice: its parts, without the silence around them."""
    import numpy
    import soundfile

    rate = speech.samplerate
    parts: list[Samples] = [numpy.zeros(round(EDGE_SECONDS * rate), numpy.float32)]
    for number, (start, end) in enumerate(reference.cuts):
        if number:
            parts.append(numpy.zeros(round(BETWEEN_SECONDS * rate), numpy.float32))
        samples = _read(speech, start, end)
        begin, stop = speech_bounds(samples, rate)
        sound = samples[int(begin * rate) : int(stop * rate)]
        parts.append(fade(sound, rate, FADE_SECONDS, FADE_SECONDS))
    parts.append(parts[0])
    whole = numpy.concatenate(parts)
    whole *= PEAK / max(float(numpy.abs(whole).max()), 1e-6)
    file = work.scratch / f"voice-{voice.number}.wav"
    soundfile.write(file, whole, rate, subtype="PCM_16")
    times = "+".join(f"{start:.3f},{end:.3f}" for start, end in reference.cuts)
    name = work.tree.relative(work.tree.path(Artifact.VOCALS))
    return replace(
        voice,
        sample=file,
        sample_name=f"{name}#t={times}",
        sample_text=reference.text,
        sample_sha256=sha256(file),
    )


def _read(sound: SoundFile, start: float, end: float) -> Samples:
    """One channel of `sound` between two times; shorter at its end."""
    rate = sound.samplerate
    sound.seek(min(int(start * rate), sound.frames))
    samples: Samples = sound.read(
        max(int((end - start) * rate), 0), dtype="float32", always_2d=True
    )
    return samples.mean(axis=1) if len(samples) else samples[:, 0]
