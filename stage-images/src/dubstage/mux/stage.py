"""Mux: place every line where the original line starts, mix, and put the dub beside
the untouched picture."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dubstage.engines import engine_of
from dubstage.errors import TemporaryFailure
from dubstage.inputs.source import resolve_source
from dubstage.logs import step
from dubstage.media.audio import SAMPLE_RATE, stereo_bytes
from dubstage.media.ffmpeg import MediaError, probe
from dubstage.media.probe import Probe
from dubstage.media.tracks import dubbed_track
from dubstage.mux import subtitles
from dubstage.mux.lossy import gain_for
from dubstage.mux.master import Loudness, master, measure, mixed, plan_gain
from dubstage.mux.measure import background_change
from dubstage.mux.mix import Tracks, blocks
from dubstage.mux.original import OriginalLine, listen
from dubstage.mux.plan import PlannedClip, plan
from dubstage.mux.provenance import stages_of
from dubstage.mux.render import Rendered, render
from dubstage.mux.report import ReportLine, report_line, voices
from dubstage.mux.round_trip import check_model, error_rate, heard_in
from dubstage.mux.spans import covered, merged, shared
from dubstage.mux.stems import with_stems
from dubstage.mux.totals import Sound, Totals, sentence, summary, totals
from dubstage.mux.video import DubbedVideo, SoftSubtitles, container_for, mux_video
from dubstage.mux.voice import Placed, ahead, lay
from dubstage.text.transcript import Clip, TranslatedSentence, read_aligned, read_list
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write the dubbed audio and video, the subtitles and the report."""
    engine_of(work.request)
    try:
        return _run(work)
    except MediaError as error:
        raise TemporaryFailure(
            f"ffmpeg could not make the dub of inputs/{work.request.source} ({error}).",
            reason="MuxFailed",
        ) from error


def _run(work: Work) -> Outcome:
    import soundfile

    begun = time.monotonic()
    checker = check_model(work.request, work.tree.roots)
    source = resolve_source(work.tree.roots, work.request)
    declared = probe(source)
    (programme,) = work.read(Artifact.AUDIO)
    duration = declared.source_seconds(soundfile.info(programme).duration)
    sentences = read_list(work, Artifact.TRANSLATED, TranslatedSentence)
    planned = plan(read_list(work, Artifact.TTS_SEGMENTS, Clip), duration)
    language = read_aligned(work).language

    lines, tracks = _lay_voice(work, planned, sentences, round(duration * SAMPLE_RATE))
    dub = work.staging(Artifact.DUBBED_AUDIO, None)
    sound = _master(work, tracks, dub)
    soft = _write_subtitles(work, sentences, language, duration)
    _write_video(work, (source, declared), (dub, sound.dub), language, soft)
    found = totals(lines, sum(x.untranslated for x in sentences), sound)
    if checker:
        found |= _round_trip(checker, dub, lines, work.request.target_language)
    seconds = time.monotonic() - begun
    report = {
        "job_id": work.request.job_id,
        "source_language": language,
        "target_language": work.request.target_language,
        "duration": round(duration, 3),
        "totals": found,
        "stages": stages_of(work.tree, work.request, duration, seconds),
        "speakers": voices(lines),
        "segments": [line.model_dump(mode="json") for line in lines],
    }
    text = json.dumps(report, ensure_ascii=False, indent=1)
    work.staging(Artifact.REPORT, None).write_text(text + "\n")
    return Outcome(message=sentence(found, sound), summary=summary(found))


@step("render")
def _lay_voice(
    work: Work,
    planned: Sequence[PlannedClip],
    sentences: Sequence[TranslatedSentence],
    frames: int,
) -> tuple[list[ReportLine], Tracks]:
    """Render every line onto the voice track; the report's lines, and what to mix."""
    (programme,), (vocals,) = work.read(Artifact.AUDIO), work.read(Artifact.VOCALS)
    (background,) = work.read(Artifact.BACKGROUND)
    folder = work.tree.path(Artifact.TTS_CLIPS).parent
    texts = {sentence.segment_id: sentence for sentence in sentences}
    originals = listen(vocals, [item.line for item in planned])
    lines: list[ReportLine] = []
    heard: list[tuple[PlannedClip, OriginalLine]] = []

    def rendered(task: tuple[PlannedClip, OriginalLine]) -> Rendered | None:
        item, original = task
        if not (item.is_spoken and item.has_room):
            return None
        found = render(folder / item.clip.audio_file, item.fit, original.loudness)
        return found if len(found.samples) else None

    def placed() -> Iterator[Placed]:
        tasks = list(zip(planned, originals, strict=True))
        for (item, original), found in zip(tasks, ahead(rendered, tasks), strict=True):
            text = texts[item.clip.segment_id]
            lines.append(report_line(item, text, original, found))
            if found:
                heard.append((item, original))
                yield Placed(item.start, found.samples)

    voice = work.scratch / "voice.w64"
    lay(placed(), frames, voice, _share(work, 0.0, 0.3))
    return lines, Tracks(
        programme=programme,
        background=background,
        voice=voice,
        frames=frames,
        original=merged(original.span for _, original in heard),
        dubbed=merged(item.span for item, _ in heard),
    )


@step("mix")
def _master(work: Work, tracks: Tracks, target: Path) -> Sound:
    """Mix, and bring the whole to its loudness."""
    source = measure(stereo_bytes(tracks.programme))
    mix = measure(mixed(blocks(tracks), tracks.frames, _share(work, 0.3, 0.5)))
    wanted = work.request.mix.loudness
    gain = plan_gain(mix, source.integrated if wanted is None else float(wanted))
    parts = blocks(tracks)
    if work.request.mix.stems:
        stems = [work.staging(Artifact.STEMS, f"{name}.wav") for name in ("voice", "background")]
        parts = with_stems(parts, tracks.frames, gain.decibels, *stems)
    with contextlib.closing(parts):
        dub = master(mixed(parts, tracks.frames, _share(work, 0.5, 0.7)), mix, gain, target)
    speech = covered(tracks.original)
    return Sound(
        source=source,
        dub=dub,
        gain=gain,
        background_change=background_change(tracks.programme, target, tracks.speech, gain.decibels),
        overlap=shared(tracks.original, tracks.dubbed) / speech if speech else None,
    )


@step("verify")
def _round_trip(model: Path, dub: Path, lines: Sequence[ReportLine], language: str) -> Totals:
    """The dub's word error rate, as the profile's check model hears it."""
    said = " ".join(line.translation for line in lines if line.is_spoken)
    rate = error_rate(said, heard_in(dub, model, language), language) if said else None
    return {} if rate is None else {"word_error_rate": round(rate, 3)}


@step("write subtitles")
def _write_subtitles(
    work: Work, sentences: Sequence[TranslatedSentence], language: str, duration: float
) -> list[SoftSubtitles]:
    """Both languages, SRT and WebVTT; those that can be soft tracks."""
    target = work.request.target_language
    sides = [
        (
            Artifact.TRG_SRT,
            Artifact.TRG_VTT,
            target,
            [(x.start, x.end, x.translation) for x in sentences],
        ),
        (
            Artifact.SRC_SRT,
            Artifact.SRC_VTT,
            language,
            [(x.start, x.end, x.text) for x in sentences],
        ),
    ]
    soft = []
    for srt_file, vtt_file, tag, rows in sides:
        found = subtitles.cues(rows, duration, tag)
        srt = work.staging(srt_file, None)
        srt.write_text(subtitles.srt(found))
        work.staging(vtt_file, None).write_text(subtitles.vtt(found))
        if found:
            soft.append(SoftSubtitles(srt, tag))
    return soft


@step("encode")
def _write_video(
    work: Work,
    source: tuple[Path, Probe],
    dub: tuple[Path, Loudness],
    language: str,
    soft: Sequence[SoftSubtitles],
) -> None:
    """Write the dubbed video. The dub of a source without a video stream is audio alone."""
    (path, declared), (dub_file, measured) = source, dub
    container = container_for(declared)
    if container is None or declared.video is None:
        return
    video = DubbedVideo(
        source=path,
        declared=declared,
        video=declared.video,
        dubbed_track=dubbed_track(declared.audio, work.request.source_language),
        dub=dub_file,
        dub_gain_db=gain_for(dub_file, measured, work.scratch),
        target_language=work.request.target_language,
        source_language=language,
        subtitles=soft,
        container=container,
    )
    target = work.staging(Artifact.DUBBED_VIDEO, f"dubbed_video.{container.suffix}")
    mux_video(video, target, _share(work, 0.7, 1.0))


def _share(work: Work, begin: float, end: float) -> Callable[[float], None]:
    """Progress of a part of the stage, from `begin` to `end` of the whole."""
    return lambda share: work.progress(begin + share * (end - begin))
