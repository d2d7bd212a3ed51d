"""Line by line: kept from an earlier run, or spoken now, at the pace that its slot asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from dubstage.contract import Stage
from dubstage.models import model_revision
from dubstage.synthesize.clip_cache import ClipCache, Note, clip_key, seconds_of
from dubstage.synthesize.engine import Speaker, Voice
from dubstage.synthesize.take import ATTEMPTS, Take, record
from dubstage.text.transcript import Clip, ClipFlag, TranslatedSegment
from dubstage.timing.fit import engine_speed
from dubstage.timing.prediction import SpeechRate
from dubstage.timing.slot import Slot
from dubstage.workspace.layout import Artifact
from dubstage.workspace.stages import STAGES
from dubstage.workspace.work import Work

SPEED_TOLERANCE = 0.05
"""A line is not spoken again for a smaller difference of speed: mux stretches by it."""


class ClipMaker:
    """Makes the clips of one run, with one engine."""

    def __init__(
        self, work: Work, speaker: Speaker, voices: Mapping[str, Voice], kept: ClipCache
    ) -> None:
        self.keys: list[str] = []
        """Keys of the lines so far."""
        self.kept_count = 0
        """Lines that were not spoken again."""
        self._work = work
        self._speaker = speaker
        self._voices = voices
        self._kept = kept
        self._times: Counter[tuple[str, str]] = Counter()
        self._rate = SpeechRate(work.request.target_language)
        choice = work.request.engine
        self._means: dict[str, object] = {
            "version": STAGES[Stage.SYNTHESIZE].version,
            "engine": choice.engine,
            "model": choice.model,
            "revision": model_revision(work.tree.roots, choice),
            "parameters": choice.parameters,
            "language": work.request.target_language,
        }

    def clip(self, line: TranslatedSegment, slot: Slot) -> Clip:
        """The line's clip; its file is in the tree."""
        voice, text = self._voices[line.speaker], line.translation
        expected = self._rate.predict(text)
        key = self._key(text, voice)
        note = self._kept.find(key)
        if note and self._suits(note, slot):
            self.kept_count += 1
        else:
            take = self._speak(line, voice, slot, expected)
            if take.flag is ClipFlag.NO_SOUND:
                return self.silent(line, take.flag)
            note = self._kept.keep(key, take, slot)
        self.keys.append(key)
        self._rate.learn(text, note.duration * note.speed)
        name = f"{line.segment_id}.wav"
        self._kept.link(key, self._work.staging(Artifact.TTS_CLIPS, name))
        return self._place(line).model_copy(
            update={
                "audio_file": name,
                "predicted": expected,
                "duration": note.duration,
                "spoken_speed": note.speed,
                "voice_sample": voice.sample_name,
                "prompt_text": voice.sample_text,
                "flag": note.flag,
            }
        )

    def silent(self, line: TranslatedSegment, flag: ClipFlag) -> Clip:
        """The clip of a line that is not spoken."""
        return self._place(line).model_copy(update={"flag": flag})

    def _key(self, text: str, voice: Voice) -> str:
        """What decides how the line sounds, its pace apart. A text that comes back in the
        same voice is spoken afresh each time: people do not repeat themselves exactly."""
        sound = voice.sample_sha256 or str(voice.number)
        self._times[text, sound] += 1
        return clip_key(
            {**self._means, "text": text, "voice": sound, "time": self._times[text, sound]}
        )

    def _suits(self, note: Note, slot: Slot) -> bool:
        """True for a recording for that slot, or at the pace that the slot asks."""
        speed = engine_speed(note.duration * note.speed, slot, self._speaker.reach)
        return note.slot == seconds_of(slot) or abs(speed - note.speed) <= SPEED_TOLERANCE

    def _speak(self, line: TranslatedSegment, voice: Voice, slot: Slot, expected: float) -> Take:
        """Spoken at the speed that the expected length asks for, and once more where the
        length that came out asks for another, three takes at most. The length of a take
        that went astray asks for nothing."""
        language = self._work.request.target_language

        def speak(speed: float, file: Path) -> None:
            self._speaker.speak(line.translation, language, voice, speed, file)

        file = self._work.scratch / "line.wav"
        reach = self._speaker.reach
        take = record(speak, engine_speed(expected, slot, reach), expected, file)
        if take.flag or take.number == ATTEMPTS:
            return take
        speed = engine_speed(take.natural, slot, reach)
        if abs(speed - take.speed) <= SPEED_TOLERANCE:
            return take
        again = record(speak, speed, expected, file, ATTEMPTS - take.number)
        return take if again.flag else again

    def _place(self, line: TranslatedSegment) -> Clip:
        """Where the line goes; nothing is spoken yet."""
        return Clip(
            segment_id=line.segment_id,
            speaker=line.speaker,
            start=line.start,
            end=line.end,
            target_duration=line.duration,
            audio_file="",
            tts_backend=self._work.request.engine.engine,
        )
