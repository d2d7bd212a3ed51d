"""The voice of each speaker: a recording of the user, a part of the source, or one of the
engine's own voices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dubstage.inputs import voice_files
from dubstage.logs import step
from dubstage.synthesize.cloned import clone
from dubstage.synthesize.engine import Gender, Voice
from dubstage.synthesize.presets import dealt, genders_of
from dubstage.text.counting import counted
from dubstage.text.transcript import TranslatedSegment
from dubstage.workspace.digests import sha256
from dubstage.workspace.work import Work


@dataclass(frozen=True)
class VoiceChoice:
    """The voices of a dub."""

    voices: Mapping[str, Voice]
    """By speaker."""
    remarks: tuple[str, ...]
    """What a user should know about them."""
    by_segment: Mapping[str, Voice] = field(default_factory=dict)
    """The voices of segments that are whispered or shouted, by their id."""

    def of(self, segment: TranslatedSegment) -> Voice:
        """The voice of a segment."""
        return self.by_segment.get(segment.segment_id) or self.voices[segment.speaker]


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
    by_segment: Mapping[str, Voice] = {}
    if rest:
        cloned = clone(work, segments, rest)
        chosen |= cloned.voices
        by_segment = cloned.by_segment
        remarks += cloned.remarks
    return VoiceChoice(chosen, tuple(remarks), by_segment)


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
