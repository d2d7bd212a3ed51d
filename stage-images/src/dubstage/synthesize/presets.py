"""Which of the engine's own voices a speaker gets: one that is as high."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dubstage.logs import logger, step
from dubstage.media.audio import Samples, mix_to_mono
from dubstage.speakers.pitch import median_pitch
from dubstage.synthesize.engine import Gender
from dubstage.text.transcript import TranslatedSegment
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Work

FEMALE_HERTZ = 155.0
"""Men speak at 85 to 155 Hz, women at 155 to 255 Hz, on the median."""
HEARD_SECONDS = 20.0
"""Speech that is enough to measure a speaker's pitch."""


@step("measure pitch")
def genders_of(
    work: Work, segments: Sequence[TranslatedSegment], speakers: Iterable[str]
) -> dict[str, Gender | None]:
    """The gender by whose voices each speaker is dubbed, by the median pitch of the speaker's
    longest segments in the vocals; None for one who is not heard."""
    found: dict[str, Gender | None] = {}
    for speaker in speakers:
        pitch = _pitch(work, [one for one in segments if one.speaker == speaker])
        found[speaker] = gender_at(pitch)
        heard = f"{pitch:.0f} Hz, {found[speaker]}" if pitch else "no voiced speech"
        logger.info("%s: %s", speaker, heard)
    return found


def gender_at(pitch: float | None) -> Gender | None:
    """The gender of most voices at that median pitch, in hertz."""
    if pitch is None:
        return None
    return Gender.FEMALE if pitch >= FEMALE_HERTZ else Gender.MALE


def dealt(speakers: Sequence[Gender | None], voices: Sequence[Gender]) -> list[int]:
    """The number of each speaker's voice: one of the same gender that the fewest speakers have
    so far, if there is any."""
    counts = [0] * len(voices)
    numbers = []
    for gender in speakers:
        fitting = [number for number, one in enumerate(voices) if gender in (None, one)]
        number = min(fitting or range(len(voices)), key=lambda place: counts[place])
        counts[number] += 1
        numbers.append(number)
    return numbers


def _pitch(work: Work, segments: Sequence[TranslatedSegment]) -> float | None:
    """The median pitch of the longest of `segments`, in hertz."""
    import numpy
    import soundfile

    (path,) = work.read(Artifact.VOCALS)
    parts: list[Samples] = []
    seconds = 0.0
    with soundfile.SoundFile(path) as vocals:
        rate = vocals.samplerate
        for segment in sorted(segments, key=lambda one: one.start - one.end):
            vocals.seek(min(int(segment.start * rate), vocals.frames))
            count = int(min(segment.end - segment.start, HEARD_SECONDS) * rate)
            samples = vocals.read(max(count, 0), dtype="float32", always_2d=True)
            parts.append(mix_to_mono(samples, rate))
            seconds += len(samples) / rate
            if seconds >= HEARD_SECONDS:
                break
    return median_pitch(numpy.concatenate(parts), rate) if parts else None
