"""Mux: place every line where the original line starts, mix, and put the dub beside
the untouched picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.layout import Artifact
from dubstage.media import SAMPLE_RATE, MediaError, Probe, probe
from dubstage.mux import subtitles
from dubstage.mux.mix import Placed, mix
from dubstage.mux.render import render
from dubstage.mux.report import ReportLine, report
from dubstage.mux.video import mux_video
from dubstage.source import resolve_source
from dubstage.timing.fit import Fit, fit
from dubstage.timing.prediction import verdict
from dubstage.timing.slot import Line, slots
from dubstage.transcript import Clip, TranslatedSentence, read_aligned, read_list
from dubstage.work import Outcome, Work

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Samples = NDArray[numpy.float32]

MIX_SHARE = 0.7
"""Share of the stage's time that rendering and mixing takes."""


def run(work: Work) -> Outcome:
    """Write the dubbed audio and video, the subtitles and the report."""
    if work.request.engine.engine != "ffmpeg":
        raise Misconfigured(
            f"The mux stage has no engine {work.request.engine.engine!r}; it has ffmpeg.",
            reason="EngineUnknown",
        )
    try:
        return _run(work)
    except MediaError as error:
        raise TemporaryFailure(
            f"ffmpeg could not make the dub of inputs/{work.request.source} ({error}).",
            reason="MuxFailed",
        ) from error


def _run(work: Work) -> Outcome:
    source = resolve_source(work.tree.roots, work.request)
    declared = probe(source)
    lines = read_list(work, Artifact.TRANSLATED, TranslatedSentence)
    clips = read_list(work, Artifact.TTS_SEGMENTS, Clip)
    language = read_aligned(work).language
    frames = round(declared.duration * SAMPLE_RATE)
    rendering = _Rendering(work, plan(clips, declared.duration), lines)
    audio = work.staging(Artifact.DUBBED_AUDIO, None)
    held = mix(
        work.read(Artifact.BACKGROUND)[0],
        rendering.placed(),
        frames,
        audio,
        lambda share: work.progress(share * MIX_SHARE),
    )
    _write_video(work, source, declared, audio, language)
    _write_subtitles(work, lines)
    work.staging(Artifact.REPORT, None).write_text(
        report(work.request, language, declared.duration, rendering.lines, held)
    )
    return _outcome(rendering.lines)


@dataclass(frozen=True)
class PlannedClip:
    """A clip and how it is put into its slot."""

    clip: Clip
    fit: Fit


def plan(clips: Sequence[Clip], programme_end: float) -> list[PlannedClip]:
    """How every clip is put into its slot, in the order of their start."""
    ordered = sorted(clips, key=lambda clip: (clip.start, clip.segment_id))
    lines = [Line(clip.segment_id, clip.speaker, clip.start, clip.end) for clip in ordered]
    return [
        PlannedClip(clip, fit(clip.duration, clip.spoken_speed, slot))
        for clip, slot in zip(ordered, slots(lines, programme_end), strict=True)
    ]


class _Rendering:
    """Renders clips one by one as the mix asks for them, and keeps the report."""

    def __init__(
        self, work: Work, planned: Sequence[PlannedClip], lines: Sequence[TranslatedSentence]
    ) -> None:
        self.lines: list[ReportLine] = []
        self._work = work
        (self._vocals,) = work.read(Artifact.VOCALS)
        self._planned = planned
        self._texts = {line.segment_id: line for line in lines}

    def placed(self) -> Iterator[Placed]:
        """The lines in the order of their start."""
        folder = self._work.tree.path(Artifact.TTS_CLIPS).parent
        for item in self._planned:
            clip = item.clip
            original = _original(self._vocals, clip)
            rendered = render(folder / clip.audio_file, item.fit, original, self._work.scratch)
            start = round(clip.start * SAMPLE_RATE)
            first_heard = start / SAMPLE_RATE + rendered.onset
            self.lines.append(
                ReportLine(
                    segment_id=clip.segment_id,
                    speaker=clip.speaker,
                    text=self._texts[clip.segment_id].text,
                    translation=self._texts[clip.segment_id].translation,
                    start=clip.start,
                    end=clip.end,
                    dub_start=first_heard,
                    dub_end=(start + len(rendered.samples)) / SAMPLE_RATE,
                    onset_error=first_heard - clip.start,
                    slot=item.fit.slot.length,
                    predicted=clip.predicted,
                    verdict=verdict(clip.predicted or item.fit.natural, item.fit.slot),
                    natural=item.fit.natural,
                    pause_used=item.fit.pause_used,
                    engine_speed=item.fit.engine_speed,
                    stretch=item.fit.stretch,
                    speed=item.fit.speed,
                    overflow=item.fit.overflow,
                    flags=list(item.fit.flags),
                )
            )
            yield Placed(start, rendered.samples)


def _original(vocals: Path, clip: Clip) -> Samples:
    """The original line's speech, one channel."""
    import soundfile

    with soundfile.SoundFile(vocals) as sound:
        sound.seek(min(int(clip.start * sound.samplerate), sound.frames))
        count = int(clip.target_duration * sound.samplerate)
        samples: Samples = sound.read(count, dtype="float32", always_2d=True)
    return samples.mean(axis=1) if len(samples) else samples[:, 0]


def _write_video(work: Work, source: Path, declared: Probe, audio: Path, language: str) -> None:
    mux_video(
        source,
        declared,
        audio,
        (work.request.target_language, language),
        work.staging(Artifact.DUBBED_VIDEO, None),
        lambda share: work.progress(MIX_SHARE + share * (1 - MIX_SHARE)),
    )


def _write_subtitles(work: Work, lines: Sequence[TranslatedSentence]) -> None:
    sides = {
        (Artifact.SRC_SRT, Artifact.SRC_VTT): [(x.start, x.end, x.text) for x in lines],
        (Artifact.TRG_SRT, Artifact.TRG_VTT): [(x.start, x.end, x.translation) for x in lines],
    }
    for (srt_file, vtt_file), rows in sides.items():
        found = subtitles.cues(rows)
        work.staging(srt_file, None).write_text(subtitles.srt(found))
        work.staging(vtt_file, None).write_text(subtitles.vtt(found))


def _outcome(lines: Sequence[ReportLine]) -> Outcome:
    fastest = max((line.speed for line in lines), default=1.0)
    trimmed = sum(line.overflow > 0 for line in lines)
    return Outcome(
        message=f"{len(lines)} lines, at most {fastest:.2f}x as fast, {trimmed} trimmed",
        figures={
            "lines": len(lines),
            "fastest": round(fastest, 3),
            "trimmed": trimmed,
        },
    )
