"""How quickly the command starts: what it imports."""

from __future__ import annotations

import subprocess
import sys

import pytest
from one_dub import Api, api

__all__ = ["api"]
PROGRAM = """
import atexit, sys
from dubjob.commands.app import main
atexit.register(lambda: print("kubernetes.client.models.v1_pod" in sys.modules, file=sys.stderr))
main()
"""


@pytest.mark.parametrize("arguments", ["list", "watch talk", "get nope"])
def test_only_dubjobs_are_read_without_the_models_of_pods(arguments: str, api: Api) -> None:
    """Their modules take half of the time in which the command would start."""
    command = [sys.executable, "-c", PROGRAM, *arguments.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "False"
