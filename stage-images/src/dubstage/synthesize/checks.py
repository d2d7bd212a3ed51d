"""What is checked of a take that has the right length: its words, and the voice that was cloned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dubstage.engines.parameters import flag
from dubstage.synthesize import listener, similarity
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.listener import CHECK, Listener
from dubstage.synthesize.similarity import VoiceComparison
from dubstage.synthesize.take import Take, same_audio
from dubstage.text.transcript import ClipFlag
from dubstage.workspace.work import Work

RETAKES = 2
"""More takes of a segment in which something is wrong."""
LEAST_SIMILARITY = 0.35
"""A take that is less like the recording is another voice. Takes of the same voice in another
language reach 0.48 at least, also with noise or a room in the recording, and 97 % of takes of the
other sex stay below (docs/engines.md)."""


@dataclass(frozen=True)
class Checks:
    """The checks that a run makes."""

    listener: Listener | None = None
    comparison: VoiceComparison | None = None

    @property
    def key(self) -> dict[str, object]:
        """What decides, of the checks, which take is kept."""
        checks = {"check": self.listener, "voice": self.comparison}
        return {name: check.revision for name, check in checks.items() if check}

    def best(
        self, take: Take, speak: Callable[[], Take], texts: tuple[str, ...], voice: Voice
    ) -> Take:
        """`take`, or the best of three if something is wrong with it. An engine that always
        speaks the same is asked once more only.

        `speak`: returns another take. `texts`: the same words, as they are written and as they are
        pronounced.
        """
        if take.flag or not (self.listener or self.comparison):
            return take
        best, before, number = self._judged(take, texts, voice), take, take.number
        while best.flag and number < take.number + RETAKES:
            again = speak()
            number += 1
            if not again.flag:
                if same_audio(again, before):
                    break
                best = min(best, self._judged(again, texts, voice), key=_faults)
            before = again
        return replace(best, number=number)

    def _judged(self, take: Take, texts: tuple[str, ...], voice: Voice) -> Take:
        """`take` with what the checks say about it."""
        flag = error_rate = alike = None
        if self.comparison:
            alike = self.comparison.similarity(take, voice)
            if alike is not None and alike < LEAST_SIMILARITY:
                flag = ClipFlag.OTHER_VOICE
        if self.listener:
            hearing = self.listener.hear(take, *texts)
            error_rate = hearing.error_rate
            if hearing.is_misspoken:
                flag = ClipFlag.MISSPOKEN
        return replace(take, flag=flag, error_rate=error_rate, similarity=alike)


def load(work: Work, *, clones: bool) -> Checks:
    """The checks that the profile requires, and those that are possible. `clones`: whether the
    engine imitates recordings.

    Raises :class:`Misconfigured` if the profile requires a check that is not possible.
    """
    compares = clones and flag(work.request.engine, CHECK, True)
    return Checks(listener.load(work), similarity.load(work) if compares else None)


def _faults(take: Take) -> tuple[int, float, float]:
    """The less, the better: wrong words are worse than another voice."""
    severity = {None: 0, ClipFlag.OTHER_VOICE: 1}.get(take.flag, 2)
    return severity, take.error_rate or 0.0, -(take.similarity or 0.0)
