"""Less memory when the GPU's is full: the same work again, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from dubstage.errors import TemporaryFailure
from dubstage.logs import logger

Step = TypeVar("Step")
Result = TypeVar("Result")


class MemoryFallback(Generic[Step]):
    """Ways to do one piece of work, each of which needs less memory than the one before.

    A step that once ran out of memory is not used again.
    """

    def __init__(self, steps: Sequence[Step], work: str) -> None:
        """`work`: the name of the work in messages."""
        self._steps = list(steps)
        self._work = work

    @property
    def step(self) -> Step:
        """The first step that has not run out of memory."""
        return self._steps[0]

    def run(self, attempt: Callable[[Step], Result]) -> Result:
        """Call `attempt` with the first step that fits, and return its result.

        Raises :class:`TemporaryFailure` if none fits.
        """
        while True:
            try:
                return attempt(self._steps[0])
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                cause = str(error).partition("\n")[0]
            if len(self._steps) == 1:
                raise TemporaryFailure(
                    f"The GPU's memory is too small for {self._work}, even with {self._steps[0]} "
                    f"({cause}): give the stage a GPU with more memory, or one of its own.",
                    reason="OutOfMemory",
                )
            del self._steps[0]
            logger.warning("%s: out of memory, continuing with %s", self._work, self._steps[0])


def is_out_of_memory(error: Exception) -> bool:
    """Whether it is the error that torch and CTranslate2 raise if the GPU's memory is full."""
    return "out of memory" in str(error)
