"""Voices that are cloned from the source: the recordings that a cloning engine gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeGuard

from dubstage.errors import BadInput
from dubstage.inputs import voice_files
from dubstage.media import audio
from dubstage.media.audio import Samples
from dubstage.speakers.pitch import median_pitch
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.manners import Manner, Role, roles_of
from dubstage.synthesize.references import Reference, SegmentAudio, best_reference
from dubstage.text.transcript import TranslatedSegment
from dubstage.timing.fade import fade
from dubstage.timing.onset import speech_bounds
from dubstage.workspace.digests import sha256
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Work

if TYPE_CHECKING:
    from soundfile import SoundFile

EDGE_SECONDS = 0.2
"""Silence at both ends of a reference: an abrupt end makes an engine click."""
BETWEEN_SECONDS = 0.25
FADE_SECONDS = 0.01
PEAK = 0.8
"""The peak of a reference: a whispered segment must not give a soft voice."""
SHORT_SECONDS = 3.0
"""A shorter reference is reported: the voice will be a guess."""


@dataclass(frozen=True)
class Cloned:
    """Voices with a recording from the source."""

    voices: Mapping[str, Voice]
    """By speaker."""
    by_segment: Mapping[str, Voice]
    """Those of segments that are whispered or shouted, by their id."""
    remarks: tuple[str, ...]
    """What a user should know about them."""


def clone(work: Work, segments: Sequence[TranslatedSegment], voices: Sequence[Voice]) -> Cloned:
    """Each of `voices` with a reference from the source's own vocals. A speaker who also
    whispers or shouts long enough has another one for these segments.

    Raises :class:`BadInput` if nobody is heard.
    """
    import soundfile

    (vocals_file,), (background_file,) = work.read(Artifact.VOCALS), work.read(Artifact.BACKGROUND)
    with soundfile.SoundFile(vocals_file) as vocals, soundfile.SoundFile(background_file) as rest:
        measured = [_measure(segment, vocals, rest) for segment in segments]
        roles = roles_of(measured)
        parts = [replace(one, speaker=role.name) for one, role in zip(measured, roles, strict=True)]
        references = {
            voice.speaker: best_reference(parts, voice.speaker)
            or best_reference(measured, voice.speaker)
            for voice in voices
        }
        best = max(filter(None, references.values()), key=lambda x: x.ratio_db, default=None)
        if best is None:
            raise _silent(work)
        chosen = {
            voice.speaker: _write(work, voice, references[voice.speaker] or best, vocals)
            for voice in voices
        }
        number = len({segment.speaker for segment in segments})
        unusual: dict[Role, Voice] = {}
        for role in dict.fromkeys(roles):
            reference = best_reference(parts, role.name)
            if role.manner is not Manner.USUAL and role.speaker in chosen and _is_long(reference):
                voice = Voice(role.speaker, number + len(unusual))
                unusual[role] = _write(work, voice, reference, vocals)
    by_segment = {
        segment.segment_id: unusual[role]
        for segment, role in zip(segments, roles, strict=True)
        if role in unusual
    }
    return Cloned(chosen, by_segment, tuple(_guesses(references)))


def _is_long(reference: Reference | None) -> TypeGuard[Reference]:
    return reference is not None and reference.seconds >= SHORT_SECONDS


def _guesses(references: Mapping[str, Reference | None]) -> Iterator[str]:
    """Remarks on the speakers who are heard for too short a time."""
    for speaker, reference in references.items():
        if not _is_long(reference):
            seconds = reference.seconds if reference else 0.0
            yield f"{speaker} speaks alone for {seconds:.1f} s: the voice is a guess"


def _silent(work: Work) -> BadInput:
    return BadInput(
        f"The vocals of inputs/{work.request.source} are silent in every segment: there is "
        f"no voice to clone. Put recordings into inputs/{work.request.job_id}/"
        f"{voice_files.FOLDER}/, one <speaker>.wav per speaker.",
        reason="NoVoice",
    )


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
        pitch=median_pitch(voice, vocals.samplerate),
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
