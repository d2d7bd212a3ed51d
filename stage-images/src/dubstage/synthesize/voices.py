"""The voice of each speaker: a recording of the user, a part of the source, or one of the
engine's own voices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.errors import BadInput
from dubstage.inputs import voice_files
from dubstage.logs import step
from dubstage.media import audio
from dubstage.synthesize.engine import Gender, Voice
from dubstage.synthesize.presets import dealt, genders_of
from dubstage.synthesize.references import Reference, SegmentAudio, best_reference
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
"""Silence at both ends of a reference: an abrupt end makes an engine click."""
BETWEEN_SECONDS = 0.25
FADE_SECONDS = 0.01
PEAK = 0.8
"""The peak of a reference: a whispered segment must not give a soft voice."""
SHORT_SECONDS = 3.0
"""A shorter reference is reported: the voice will be a guess."""


@dataclass(frozen=True)
class VoiceChoice:
    """The voices of a dub."""

    voices: Mapping[str, Voice]
    """By speaker."""
    remarks: tuple[str, ...]
    """What a user should know about them."""


@step("choose voices")
def choose_voices(
    work: Work,
    segments: Sequence[TranslatedSegment],
    own_voices: int | None,
    genders: Sequence[Gender] | None = None,
) -> VoiceChoice:
    """A voice for every speaker of `segments`, in the order in which they first speak.

    `own_voices`: the number of the engine's own voices; None for an engine that needs a
    recording of each speaker. `genders`: of its own voices, if the engine knows them.

    Raises :class:`BadInput` for a user's recording that cannot be used, and for a source without
    speech to clone a voice from.
    """
    speakers = list(dict.fromkeys(segment.speaker for segment in segments))
    voices = {name: Voice(name, number) for number, name in enumerate(speakers)}
    voice_files.check(work.tree.roots, work.request)
    files = voice_files.find(work.tree.roots, work.request.job_id)
    remarks = [
        f"{voice_files.name_of(work.request.job_id, path)} is the voice of no speaker: the "
        f"speakers are {', '.join(speakers)}"
        for name, path in files.items()
        if name not in voices
    ]
    if own_voices is not None:
        engine, language = work.request.engine.engine, work.request.target_language
        if files:
            remarks.append(f"{engine} cannot use recordings of voices")
        own = _own_voices(work, segments, speakers, own_voices, genders)
        used = len({voice.number for voice in own.values()})
        if used < len(own):
            suitable = " that suit them" if used < own_voices else ""
            remarks.append(
                f"{counted(len(own), 'speaker')} share {counted(used, 'voice')}: "
                f"{engine} has no more{suitable} in {language}"
            )
        return VoiceChoice(own, tuple(remarks))
    chosen = {name: _recorded(work, voices[name], files[name]) for name in voices if name in files}
    rest = [voice for name, voice in voices.items() if name not in chosen]
    if rest:
        chosen |= _from_source(work, segments, rest, remarks)
    return VoiceChoice(chosen, tuple(remarks))


def _own_voices(
    work: Work,
    segments: Sequence[TranslatedSegment],
    speakers: Sequence[str],
    count: int,
    genders: Sequence[Gender] | None,
) -> dict[str, Voice]:
    """One of the engine's own voices for each speaker."""
    if genders:
        heard = genders_of(work, segments, speakers)
        numbers = dealt([heard[speaker] for speaker in speakers], genders)
    else:
        numbers = [place % count for place in range(len(speakers))]
    return {name: Voice(name, number) for name, number in zip(speakers, numbers, strict=True)}


def _recorded(work: Work, voice: Voice, path: Path) -> Voice:
    """A voice with a recording of the user."""
    return replace(
        voice,
        sample=path,
        sample_name=voice_files.name_of(work.request.job_id, path),
        sample_sha256=sha256(path),
    )


def _from_source(
    work: Work, segments: Sequence[TranslatedSegment], voices: Sequence[Voice], remarks: list[str]
) -> dict[str, Voice]:
    """Each of `voices` with a reference from the source's own vocals."""
    import soundfile

    (vocals_file,), (background_file,) = work.read(Artifact.VOCALS), work.read(Artifact.BACKGROUND)
    with soundfile.SoundFile(vocals_file) as vocals, soundfile.SoundFile(background_file) as rest:
        audios = [_measure(segment, vocals, rest) for segment in segments]
        references = {voice.speaker: best_reference(audios, voice.speaker) for voice in voices}
        best = max(filter(None, references.values()), key=lambda x: x.ratio_db, default=None)
        if best is None:
            raise BadInput(
                f"The vocals of inputs/{work.request.source} are silent in every segment: there is "
                f"no voice to clone. Put recordings into inputs/{work.request.job_id}/"
                f"{voice_files.FOLDER}/, one <speaker>.wav per speaker.",
                reason="NoVoice",
            )
        chosen = {}
        for voice in voices:
            own = references[voice.speaker]
            if own is None or own.seconds < SHORT_SECONDS:
                seconds = own.seconds if own else 0.0
                remarks.append(
                    f"{voice.speaker} speaks alone for {seconds:.1f} s: the voice is a guess"
                )
            chosen[voice.speaker] = _write(work, voice, own or best, vocals)
    return chosen


def _measure(segment: TranslatedSegment, vocals: SoundFile, background: SoundFile) -> SegmentAudio:
    """The segment's energies and clipping."""
    import numpy

    voice, rest = (_read(file, segment.start, segment.end) for file in (vocals, background))
    return SegmentAudio(
        speaker=segment.speaker,
        start=segment.start,
        end=segment.end,
        text=segment.text,
        vocals_energy=float(numpy.square(voice, dtype=numpy.float64).sum()),
        background_energy=float(numpy.square(rest, dtype=numpy.float64).sum()),
        clipped_share=audio.clipped_share(voice) if len(voice) else 0.0,
    )


def _write(work: Work, voice: Voice, reference: Reference, vocals: SoundFile) -> Voice:
    """Write the recording of a voice: its parts, without the silence around them."""
    import numpy
    import soundfile

    rate = vocals.samplerate
    parts: list[Samples] = [numpy.zeros(round(EDGE_SECONDS * rate), numpy.float32)]
    for number, (start, end) in enumerate(reference.cuts):
        if number:
            parts.append(numpy.zeros(round(BETWEEN_SECONDS * rate), numpy.float32))
        samples = _read(vocals, start, end)
        onset, offset = speech_bounds(samples, rate)
        speech = samples[int(onset * rate) : int(offset * rate)]
        parts.append(fade(speech, rate, FADE_SECONDS, FADE_SECONDS))
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


def _read(file: SoundFile, start: float, end: float) -> Samples:
    """One channel of `file` between two times; shorter at its end."""
    rate = file.samplerate
    file.seek(min(int(start * rate), file.frames))
    samples: Samples = file.read(max(int((end - start) * rate), 0), dtype="float32", always_2d=True)
    return audio.mix_to_mono(samples, rate)
