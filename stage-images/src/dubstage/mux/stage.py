"""Mux: place every clip at the onset of its segment, mix, and mux the dub with the copied
video stream."""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from dubstage.engines import engine_of, parameters
from dubstage.errors import TemporaryFailure
from dubstage.inputs.source import resolve_source
from dubstage.logs import step
from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.ffmpeg import MediaError, probe
from dubstage.media.probe import Probe
from dubstage.mux.dialogue import DIALOGUE_RANGE, RANGE_VALUES, Level, levels_of
from dubstage.mux.dub_meter import DubMeter
from dubstage.mux.ducking import measure_ducks
from dubstage.mux.limiter import Limiting, limit
from dubstage.mux.loudness import SILENCE, Loudness, measure
from dubstage.mux.master import Gain, correct_gain, encode_dub, plan_gain
from dubstage.mux.measured import measure_speech
from dubstage.mux.mix import (
    Block,
    Tracks,
    background_change,
    mix_blocks,
    mix_bytes,
    with_progress,
    write_dub,
    write_stems,
)
from dubstage.mux.original import OriginalSpeech, analyze
from dubstage.mux.phrasing import phrases_of
from dubstage.mux.plan import PlannedClip, in_order, plan, timed
from dubstage.mux.report import SegmentReport, report_segment, report_speakers, report_stages
from dubstage.mux.room import scene_room
from dubstage.mux.round_trip import check_model, word_error_rate
from dubstage.mux.spans import Span, count_frames, count_shared_frames, merge
from dubstage.mux.subtitles import write_subtitles
from dubstage.mux.surround import SurroundSource, surround_dub
from dubstage.mux.totals import MixResult, Totals, message, summary, totals
from dubstage.mux.voice import FittedClip, PlacedClip, render, write_voice_track
from dubstage.page.pictures import Pictures
from dubstage.page.render import PageFiles, render_page, source_link
from dubstage.text.transcript import Clip, TranslatedSegment, read_aligned, read_list
from dubstage.video import trial
from dubstage.video.dubbed_video import DubbedVideo, SoftSubtitles, mux_video
from dubstage.video.facts import SourceFacts, read_facts
from dubstage.video.read_back import verify
from dubstage.workspace import space
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write the dubbed audio and video, the subtitles and the report."""
    engine_of(work.request)
    try:
        return _run(work)
    except MediaError as error:
        raise TemporaryFailure(
            f"ffmpeg failed to make the dub of inputs/{work.request.source} ({error}).",
            reason="MuxFailed",
        ) from error


def _run(work: Work) -> Outcome:
    started = time.monotonic()
    model = check_model(work.request, work.tree.roots)
    dialogue_range = parameters.number(work.request.engine, DIALOGUE_RANGE, *RANGE_VALUES)
    source = resolve_source(work.tree.roots, work.request)
    declared = probe(source)
    (facts_file,) = work.read(Artifact.SOURCE_FACTS)
    facts = read_facts(facts_file)
    duration = facts.duration
    space.require_scratch(work.request, duration)
    space.require_volume(work.tree.roots, work.request, duration, source.stat().st_size)
    sentences = read_list(work, Artifact.TRANSLATED, TranslatedSegment)
    planned, originals = _plan(work, duration)
    language = read_aligned(work).language

    levels = levels_of(planned, originals, dialogue_range)
    segments, tracks = _write_voice(
        work, planned, originals, levels, sentences, round(duration * SAMPLE_RATE)
    )
    dub = work.staging(Artifact.DUBBED_AUDIO, None)
    pictures = Pictures(tracks.frames)
    mix = _write_mix(work, tracks, facts, dub, pictures)
    surround = surround_dub(work, tracks, SurroundSource(source, declared, facts))
    soft = write_subtitles(work, segments, language, duration)
    video = _write_video(work, (source, declared, facts), (dub, mix.dub, surround), language, soft)
    numbers = totals(segments, sum(x.untranslated for x in sentences), mix)
    if model:
        numbers |= _round_trip(model, dub, segments, work.request.target_language)
    report: dict[str, Any] = {
        "job_id": work.request.job_id,
        "source_language": language,
        "target_language": work.request.target_language,
        "duration": round(duration, 3),
        "totals": numbers,
        "stages": report_stages(work.tree, work.request, duration, time.monotonic() - started),
        "speakers": report_speakers(segments),
        "segments": [segment.model_dump(mode="json") for segment in segments],
    }
    text = json.dumps(report, ensure_ascii=False, indent=1)
    work.staging(Artifact.REPORT, None).write_text(text + "\n")
    _write_page(work, report, pictures, video)
    return Outcome(message=message(numbers, mix), summary=summary(numbers))


@step("plan")
def _plan(work: Work, duration: float) -> tuple[list[PlannedClip], list[OriginalSpeech]]:
    """The plan for the clips, and the speech of their originals in the same order."""
    (vocals,) = work.read(Artifact.VOCALS)
    clips = in_order(read_list(work, Artifact.TTS_SEGMENTS, Clip))
    originals = analyze(vocals, [timed(clip) for clip in clips])
    speech_of = {clip.segment_id: speech for clip, speech in zip(clips, originals, strict=True)}
    phrases = phrases_of(clips, speech_of, work.tree.path(Artifact.TTS_CLIPS).parent)
    return plan(clips, duration, phrases), originals


@step("render")
def _write_voice(
    work: Work,
    planned: Sequence[PlannedClip],
    originals: Sequence[OriginalSpeech],
    levels: Sequence[Level],
    sentences: Sequence[TranslatedSegment],
    frames: int,
) -> tuple[list[SegmentReport], Tracks]:
    """Render every clip onto the voice track; return the segments' reports, and the tracks
    to mix."""
    (audio,), (background,) = work.read(Artifact.AUDIO), work.read(Artifact.BACKGROUND)
    folder = work.tree.path(Artifact.TTS_CLIPS).parent
    sentence_of = {sentence.segment_id: sentence for sentence in sentences}
    places: dict[int, Span] = {}

    def placed() -> Iterator[PlacedClip]:
        audible = [n for n, item in enumerate(planned) if item.is_dubbed]
        clips = [
            FittedClip(folder / planned[n].clip.audio_file, planned[n].fit, levels[n].planned)
            for n in audible
        ]
        for number, samples in zip(audible, render(clips, work.scratch), strict=True):
            if len(samples):
                start = planned[number].start
                places[number] = Span(start, start + len(samples))
                yield PlacedClip(start, samples)

    voice = work.scratch / "voice.w64"
    write_voice_track(placed(), frames, voice, _share(work, 0.0, 0.3))
    spans = list(places.values())
    speech = measure_speech(voice, spans)
    ducks = measure_ducks(background, spans, speech)
    dubbed = dict(zip(places, zip(speech, ducks, strict=True), strict=True))
    reports = [
        report_segment(
            item, sentence_of[item.clip.segment_id], levels[number], *dubbed.get(number, ())
        )
        for number, item in enumerate(planned)
    ]
    return reports, Tracks(
        source_audio=audio,
        background=background,
        voice=voice,
        frames=frames,
        original_speech=merge(originals[number].span for number in places),
        dubbed_speech=merge(planned[number].span for number in places),
        ducks=ducks,
        room=scene_room(work, [item.segment for item in planned]),
    )


@step("mix")
def _write_mix(
    work: Work, tracks: Tracks, facts: SourceFacts, target: Path, pictures: Pictures
) -> MixResult:
    """Mix the tracks, and bring the mix to its target loudness. `pictures` get its curves."""
    mix = measure(mix_bytes(mix_blocks(tracks), tracks.frames, _share(work, 0.3, 0.5)))
    target_loudness = work.request.mix.loudness or facts.loudness
    gain = plan_gain(mix, SILENCE if target_loudness is None else float(target_loudness))
    limiting = Limiting()
    blocks: Iterator[Block] = (
        block.louder(10 ** (gain.decibels / 20)) for block in mix_blocks(tracks)
    )
    if gain.needs_limiter:
        attempt = _limited(tracks, gain, Limiting())
        limited = measure(mix_bytes(attempt, tracks.frames, _share(work, 0.5, 0.6)))
        gain = correct_gain(gain, mix, limited)
        blocks = _limited(tracks, gain, limiting)
    meter = DubMeter()
    blocks = meter.watch(blocks, pictures)
    if work.request.mix.stems:
        stems = [work.staging(Artifact.STEMS, f"{name}.wav") for name in ("voice", "background")]
        blocks = write_stems(blocks, tracks.frames, *stems)
    blocks = write_dub(blocks, tracks.frames, target)
    progress = _share(work, 0.6, 0.7)
    with contextlib.closing(blocks):
        if gain.needs_limiter:
            dub = measure(mix_bytes(blocks, tracks.frames, progress))
        else:
            deque(with_progress(blocks, tracks.frames, progress), maxlen=0)
            dub = mix.with_gain(gain.decibels, meter.loudness_change(gain.decibels))
    speech = count_frames(tracks.original_speech)
    shared = count_shared_frames(tracks.original_speech, tracks.dubbed_speech)
    return MixResult(
        source_loudness=facts.loudness,
        dub=dub,
        gain=gain,
        limiting=limiting,
        background_change=background_change(tracks, target, gain.decibels),
        overlap=shared / speech if speech else None,
    )


def _limited(tracks: Tracks, gain: Gain, done: Limiting) -> Generator[Block, None, None]:
    """The mix with `gain`, and its peaks below the ceiling."""
    return limit(mix_blocks(tracks), gain.decibels, gain.ceiling, done)


@step("verify")
def _round_trip(model: Path, dub: Path, segments: Sequence[SegmentReport], language: str) -> Totals:
    """The word error rate of the dub, as the profile's check model recognizes it."""
    text = " ".join(segment.translation for segment in segments if segment.is_spoken)
    rate = word_error_rate(text, dub, model, language) if text else None
    return {} if rate is None else {"word_error_rate": round(rate, 3)}


@step("encode")
def _write_video(
    work: Work,
    source: tuple[Path, Probe, SourceFacts],
    dub: tuple[Path, Loudness, Path | None],
    language: str,
    soft: Sequence[SoftSubtitles],
) -> DubbedVideo | None:
    """Write the dubbed video and return what is in it; None for a source without a video stream,
    whose dub is audio alone."""
    (path, declared, facts), (dub_file, loudness, surround) = source, dub
    if facts.video is None or declared.video is None:
        return None
    dubbed_track = next(track for track in declared.audio if track.index == facts.track)
    carried, container = trial.planned(declared, facts.video)
    encoded = encode_dub(dub_file, loudness, work.scratch / "dub.aac", _share(work, 0.7, 0.9))
    video = DubbedVideo(
        source=path,
        declared=carried,
        video=declared.video,
        dubbed_track=dubbed_track,
        dub=dub_file,
        encoded=encoded,
        target_language=work.request.target_language,
        source_language=language,
        subtitles=soft,
        container=container,
        surround=surround,
        shifts=facts.shifts,
    )
    target = work.staging(Artifact.DUBBED_VIDEO, f"dubbed_video.{container.suffix}")
    mux_video(video, target, _share(work, 0.9, 1.0))
    verify(video, target, facts.duration)
    return video


@step("page")
def _write_page(
    work: Work, report: dict[str, Any], pictures: Pictures, video: DubbedVideo | None
) -> None:
    """Write the page of the report."""
    (audio,) = work.read(Artifact.AUDIO)
    pictures.add_source(audio)
    loudness = report["totals"].get("source_lufs")
    files = PageFiles(
        title=work.request.name,
        source=source_link(work.request.source),
        audio=f"vid/{work.tree.path(Artifact.DUBBED_AUDIO).name}",
        video=f"vid/dubbed_video.{video.container.suffix}" if video else None,
        original_track=video.original_track if video else None,
    )
    page = render_page(report, pictures, files, work.request.mix.loudness or loudness)
    work.staging(Artifact.REPORT_PAGE, None).write_text(page, encoding="utf-8")


def _share(work: Work, start: float, end: float) -> Callable[[float], None]:
    """Progress of a step that takes the stage from `start` to `end`, shares of the whole."""
    return lambda share: work.progress(start + share * (end - start))
