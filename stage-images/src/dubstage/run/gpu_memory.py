"""What to do when a GPU's memory is full: the same work again, with less."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from dubstage.errors import TemporaryFailure
from dubstage.logs import logger

Step = TypeVar("Step")
Result = TypeVar("Result")


class Ladder(Generic[Step]):
    """Ways to do one piece of work, each with less memory than the one before.

    A step that did not fit once is not tried again.
    """

    def __init__(self, steps: Sequence[Step], work: str) -> None:
        """`work` names what is done, for messages."""
        self._steps = list(steps)
        self._work = work

    def run(self, attempt: Callable[[Step], Result]) -> Result:
        """What `attempt` returns for the first step that fits.

        Raises :class:`TemporaryFailure` where none does.
        """
        while True:
            try:
                return attempt(self._steps[0])
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                full = str(error).partition("\n")[0]
            if len(self._steps) == 1:
                raise TemporaryFailure(
                    f"The GPU's memory is too small for {self._work}, even with {self._steps[0]} "
                    f"({full}): give the stage a GPU with more memory, or one of its own.",
                    reason="OutOfMemory",
                )
            del self._steps[0]
            logger.warning("%s: out of memory, going on with %s", self._work, self._steps[0])


def is_out_of_memory(error: RuntimeError) -> bool:
    """True for CUDA's error, as torch and CTranslate2 raise it."""
    return "out of memory" in str(error)
