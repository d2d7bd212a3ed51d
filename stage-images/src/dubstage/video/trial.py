"""Whether a dub can be written: the beginning of the source is muxed as mux will do it.

What a container holds is decided by ffmpeg's version and by the file, not only by the names of
codecs. A track that cannot be carried is converted, or left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from dubstage.errors import BadInput
from dubstage.logs import logger, step
from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.ffmpeg import MediaError, probe
from dubstage.media.probe import AudioTrack, Probe, SubtitleTrack, VideoStream
from dubstage.video.aac import AacTrack, encode
from dubstage.video.containers import MATROSKA, MOV, MP4, Container, container_for
from dubstage.video.dubbed_video import DubbedVideo, mux_video
from dubstage.video.facts import VideoPlan

MAX_TRIAL_BYTES = 4 << 20
"""The trial ends at this size: the header is written, and some packets of most streams."""
TRIAL_LANGUAGE = "und"


def candidates(declared: Probe) -> Sequence[Container]:
    """The containers to try for a source with a video stream, the best first."""
    best = container_for(declared)
    assert best is not None
    return tuple(dict.fromkeys((best, MATROSKA, MOV, MP4)))


def planned(declared: Probe, plan: VideoPlan) -> tuple[Probe, Container]:
    """The source without the tracks that `plan` leaves out, and the container of the dub,
    without the codecs that it converts."""
    container = next(each for each in candidates(declared) if each.suffix == plan.container)
    return (
        replace(
            declared,
            audio=tuple(each for each in declared.audio if each.index not in plan.omitted),
            subtitles=tuple(each for each in declared.subtitles if each.index not in plan.omitted),
        ),
        replace(container, audio=container.audio - set(plan.converted)),
    )


@step("try container")
def plan_video(
    source: Path, declared: Probe, dubbed: AudioTrack, scratch: Path
) -> VideoPlan | None:
    """How the dub of `source` can be written; None if it has no video stream.

    Of the containers that hold the video stream, the first that holds the most tracks.
    Raises :class:`BadInput` if there is none.
    """
    if declared.video is None:
        return None
    trial = _Trial(source, declared, declared.video, dubbed, scratch)
    plans = []
    for container in candidates(declared):
        plan = trial.fit(container)
        if plan and not (plan.omitted or plan.converted):
            return plan
        if plan:
            plans.append(plan)
    if plans:
        return min(plans, key=lambda plan: (len(plan.omitted), len(plan.converted)))
    raise BadInput(
        f"The video of {source.name} (codec {declared.video.codec or 'unknown'}) cannot be written "
        f"to a dub ({trial.reason}): convert it, for example to H.264.",
        reason="VideoUnsupported",
    )


@dataclass
class _Trial:
    """Attempts to mux the beginning of one source."""

    source: Path
    declared: Probe
    video: VideoStream
    dubbed: AudioTrack
    scratch: Path
    reason: str = ""
    """Why the last attempt failed."""

    @property
    def tracks(self) -> list[AudioTrack | SubtitleTrack]:
        """The source's audio and subtitles."""
        return [*self.declared.audio, *self.declared.subtitles]

    def fit(self, container: Container) -> VideoPlan | None:
        """The plan with the most tracks in `container`; None if it does not hold the video."""
        unknown = {track.index for track in self.declared.audio if not track.is_known}
        plan = VideoPlan(container=container.suffix, omitted=sorted(unknown))
        if self.works(plan):
            return plan
        if not self.works(self.only(container)):
            return None
        converted, omitted = set(), set(unknown)
        for track in self.tracks:
            if track.index in unknown:
                continue
            plan = self.only(container, track)
            if self.works(plan):
                continue
            if isinstance(track, AudioTrack) and self.works(
                plan.model_copy(update={"converted": [track.codec]})
            ):
                converted.add(track.codec)
            else:
                omitted.add(track.index)
        plan = VideoPlan(
            container=container.suffix, omitted=sorted(omitted), converted=sorted(converted)
        )
        return plan if self.works(plan) else None

    def only(self, container: Container, *kept: AudioTrack | SubtitleTrack) -> VideoPlan:
        """A plan that carries the video stream and `kept`."""
        return VideoPlan(
            container=container.suffix,
            omitted=[track.index for track in self.tracks if track not in kept],
        )

    def works(self, plan: VideoPlan) -> bool:
        """Whether the beginning of the source can be muxed, and read back."""
        declared, container = planned(self.declared, plan)
        target = self.scratch / f"trial.{container.suffix}"
        limited = replace(container, options=(*container.options, "-fs", str(MAX_TRIAL_BYTES)))
        try:
            mux_video(self.described(declared, limited), target, lambda _: None)
            written = probe(target)
        except MediaError as error:
            self.reason = str(error).replace(str(target), target.name)
            logger.info("%s does not hold this source: %s", container.suffix, self.reason)
            return False
        finally:
            target.unlink(missing_ok=True)
        is_readable = written.video is not None and written.video.codec == self.video.codec
        if not is_readable:
            self.reason = f"{container.suffix} does not hold its video"
        return is_readable

    def described(self, declared: Probe, container: Container) -> DubbedVideo:
        """The dubbed video, with half a second of silence as its dub."""
        return DubbedVideo(
            source=self.source,
            declared=declared,
            video=self.video,
            dubbed_track=self.dubbed,
            dub=self.silence,
            encoded=self.encoded,
            target_language=TRIAL_LANGUAGE,
            source_language=TRIAL_LANGUAGE,
            subtitles=[],
            container=container,
        )

    @cached_property
    def silence(self) -> Path:
        """A WAV file of silence, in the format of a dub."""
        import numpy
        import soundfile

        file = self.scratch / "silence.wav"
        soundfile.write(file, numpy.zeros((SAMPLE_RATE // 2, 2)), SAMPLE_RATE, "PCM_16")
        return file

    @cached_property
    def encoded(self) -> AacTrack:
        """The same as AAC."""
        return encode(self.silence, self.scratch / "silence.aac")
