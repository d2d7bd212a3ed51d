"""The clip of each segment: kept from an earlier run, or synthesized now at the speed that its
slot requires."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from dubstage.contract import Stage
from dubstage.engines.neutral import decisive
from dubstage.models import model_revision
from dubstage.synthesize.checks import Checks
from dubstage.synthesize.clip_cache import ClipCache, ClipRecord, seconds_of
from dubstage.synthesize.engine import (
    BatchSynthesizer,
    NamedSynthesizer,
    PromptedSynthesizer,
    RepeatingSynthesizer,
    Synthesizer,
    Voice,
)
from dubstage.synthesize.pronunciation import Pronunciation
from dubstage.synthesize.take import ATTEMPTS, Take, record
from dubstage.synthesize.voices import VoiceChoice
from dubstage.text.not_speech import spoken, without_emoji
from dubstage.text.spoken import in_words
from dubstage.text.transcript import Clip, ClipFlag, TranslatedSegment
from dubstage.timing.fit import engine_speed
from dubstage.timing.prediction import SpeechRate
from dubstage.timing.slot import Slot
from dubstage.workspace.digests import key_of
from dubstage.workspace.layout import Artifact
from dubstage.workspace.stages import STAGES
from dubstage.workspace.work import Work

VOICES = "voices"
"""The parameter that names the voices of an engine: each key has the one that its clip needs."""
SPEED_TOLERANCE = 0.05
"""A smaller difference of speed is left to mux, which time-stretches the clip."""


class ClipMaker:
    """Makes the clips of one run with one engine."""

    def __init__(
        self,
        work: Work,
        engine: Synthesizer,
        voices: VoiceChoice,
        cache: ClipCache,
        checks: Checks,
    ) -> None:
        self.keys: list[str] = []
        """Keys of the clips so far."""
        self.reused_count = 0
        """Clips that an earlier run made."""
        self._work = work
        self._engine = engine
        self._checks = checks
        language = work.request.target_language
        self.pronunciation = Pronunciation(work.request.glossary, language, engine)
        self._voices = voices
        self._cache = cache
        self._occurrences: Counter[tuple[str, str]] = Counter()
        self._rate = SpeechRate(work.request.target_language)
        choice = work.request.engine
        parameters = decisive(choice.parameters)
        if isinstance(engine, NamedSynthesizer):
            parameters.pop(VOICES, None)
        self._common_key: dict[str, object] = {
            "version": STAGES[Stage.SYNTHESIZE].version,
            "engine": choice.engine,
            "model": choice.model,
            "revision": model_revision(work.tree.roots, choice),
            "parameters": parameters,
            "language": work.request.target_language,
            **checks.key,
        }

    def announce(self, segments: Iterable[tuple[TranslatedSegment, Slot]]) -> None:
        """Announce the segments that have to be synthesized to an engine that wants to know."""
        if not isinstance(self._engine, BatchSynthesizer):
            return
        occurrences: Counter[tuple[str, str]] = Counter()
        texts = []
        for segment, slot in segments:
            voice = self._voices.of(segment)
            text = self._said(_spoken_text(segment))
            kept = self._cache.find(self._key(text, voice, occurrences))
            if not (kept and self._fits(kept, slot)):
                texts.append((text, voice))
        self._engine.announce(texts, self._work.request.target_language)

    def clip(self, segment: TranslatedSegment, slot: Slot) -> Clip:
        """The segment's clip; its file is written."""
        voice, text = self._voices.of(segment), _spoken_text(segment)
        words = in_words(text, self._work.request.target_language)
        expected = self._rate.predict(words)
        said = self._said(text)
        key = self._key(said, voice, self._occurrences)
        kept = self._cache.find(key)
        if kept and self._fits(kept, slot):
            self.reused_count += 1
        else:
            take = self._checked((words, said), voice, slot, expected)
            if take.flag is ClipFlag.NO_SOUND:
                return self.silent(segment, take.flag)
            kept = self._cache.store(key, take, slot)
        self.keys.append(key)
        if kept.flag is None:
            self._rate.learn(words, kept.duration * kept.speed)
        name = f"{segment.segment_id}.wav"
        self._cache.link(key, self._work.staging(Artifact.TTS_CLIPS, name))
        return self._empty(segment).model_copy(
            update={
                "audio_file": name,
                "predicted": expected,
                "duration": kept.duration,
                "spoken_speed": kept.speed,
                "voice_sample": voice.sample_name,
                "prompt_text": voice.sample_text,
                "error_rate": kept.error_rate,
                "similarity": kept.similarity,
                "takes": kept.takes,
                "flag": kept.flag or (ClipFlag.DOUBTFUL if segment.is_doubtful else None),
            }
        )

    def silent(self, segment: TranslatedSegment, flag: ClipFlag) -> Clip:
        """The clip of a segment that is not synthesized."""
        return self._empty(segment).model_copy(update={"flag": flag})

    def _said(self, text: str) -> str:
        """`text` as the engine gets it: the glossary's pronunciations first, whose terms are
        matched as they are written, then everything else in words."""
        return in_words(self.pronunciation.said(text), self._work.request.target_language)

    def _name(self, voice: Voice) -> str:
        """One of the engine's own voices."""
        name = None
        if isinstance(self._engine, NamedSynthesizer):
            name = self._engine.voice_name(voice, self._work.request.target_language)
        return name or str(voice.number)

    def _key(self, text: str, voice: Voice, occurrences: Counter[tuple[str, str]]) -> str:
        """A hash of all that decides the clip's audio, except its speed. A text that occurs
        again in the same voice is synthesized again: people do not repeat themselves
        exactly."""
        identity = voice.sample_sha256 or self._name(voice)
        occurrences[text, identity] += 1
        time = occurrences[text, identity]
        parts = {**self._common_key, "text": text, "voice": identity, "time": time}
        if voice.sample and isinstance(self._engine, NamedSynthesizer):
            parts["name"] = self._name(voice)
        if isinstance(self._engine, PromptedSynthesizer) and self._engine.reads_words(voice):
            parts["words"] = voice.sample_text
        return key_of(parts)

    def _fits(self, kept: ClipRecord, slot: Slot) -> bool:
        """Whether a clip was made for that slot, or at the speed that the slot requires."""
        speed = engine_speed(kept.duration * kept.speed, slot, self._engine.reach)
        return kept.slot == seconds_of(slot) or abs(speed - kept.speed) <= SPEED_TOLERANCE

    def _synthesize(self, text: str, voice: Voice, slot: Slot, expected: float) -> Take:
        """A take at the speed that the expected duration requires, and another one if the
        actual duration requires a different speed; three takes at most. An engine that can
        repeats the same take. The duration of a failed take requires nothing."""
        language = self._work.request.target_language

        def speak(speed: float, file: Path) -> None:
            self._engine.speak(text, language, voice, speed, file)

        file = self._work.scratch / "take.wav"
        reach = self._engine.reach
        take = record(speak, engine_speed(expected, slot, reach), expected, file)
        repeats = isinstance(self._engine, RepeatingSynthesizer)
        if take.flag or (take.number == ATTEMPTS and not repeats):
            return take
        speed = engine_speed(take.natural, slot, reach)
        if abs(speed - take.speed) <= SPEED_TOLERANCE:
            return take
        if isinstance(self._engine, RepeatingSynthesizer):
            again = record(self._engine.repeat, speed, expected, file, attempts=1)
        else:
            again = record(speak, speed, expected, file, ATTEMPTS - take.number)
        return take if again.flag else again

    def _checked(self, texts: tuple[str, str], voice: Voice, slot: Slot, expected: float) -> Take:
        """The best take of a text, which is given in words and as it is pronounced."""
        said, language = texts[-1], self._work.request.target_language
        take = self._synthesize(said, voice, slot, expected)

        def speak(speed: float, file: Path) -> None:
            self._engine.speak(said, language, voice, speed, file)

        def again() -> Take:
            return record(speak, take.speed, expected, self._work.scratch / "take.wav", attempts=1)

        return self._checks.best(take, again, texts, voice)

    def _empty(self, segment: TranslatedSegment) -> Clip:
        """A clip with the segment's times, and without audio."""
        return Clip(
            segment_id=segment.segment_id,
            speaker=segment.speaker,
            start=segment.start,
            end=segment.end,
            target_duration=segment.duration,
            audio_file="",
            tts_backend=self._work.request.engine.engine,
        )


def _spoken_text(segment: TranslatedSegment) -> str:
    """The words that the voice says, without ``[laughter]``, songs and emoji."""
    return " ".join(without_emoji(spoken(segment.translation)).split())
