"""The command in the images: ``dubstage run``, ``dubstage models pull`` and
``dubstage media prune``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dubstage.contract import ExitCode
from dubstage.errors import StageError
from dubstage.layout import Roots


def main() -> int:
    """Run one command; the process's exit code."""
    parser = argparse.ArgumentParser(prog="dubstage", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run the stage that DUBSTAGE_REQUEST describes")
    models = commands.add_parser("models", help="fill the models volume").add_subparsers(
        dest="action", required=True
    )
    pull = models.add_parser("pull", help="copy models, sums checked")
    pull.add_argument(
        "--from", dest="source", type=Path, required=True, help="folder <engine>/<model>/…"
    )
    media = commands.add_parser("media", help="look after the data volume").add_subparsers(
        dest="action", required=True
    )
    prune = media.add_parser("prune", help="delete old jobs' interim files and outputs")
    prune.add_argument("--older-than-days", dest="days", type=float, required=True)
    prune.add_argument("--outcome", choices=["complete", "incomplete", "any"], default="any")
    prune.add_argument("--dry-run", action="store_true", help="say what would be deleted")
    arguments = parser.parse_args()
    if arguments.command == "run":
        from dubstage.runner import main as run

        return run()
    if arguments.command == "media":
        return _prune(arguments.days, arguments.outcome, arguments.dry_run)
    return _pull(arguments.source)


def _prune(days: float, outcome: str, dry_run: bool) -> int:
    from dubstage.prune import Outcome, prune

    word = "would be deleted" if dry_run else "deleted"
    for name in prune(Roots.from_environment(), days, Outcome(outcome), dry_run=dry_run):
        print(f"{name}: interim files and outputs {word}")
    return ExitCode.OK


def _pull(source: Path) -> int:
    from dubstage.models import pull

    models = Roots.from_environment().models
    try:
        for name in pull(source, models):
            print(f"{name}: whole in {models}")
    except StageError as error:
        print(f"models pull: {error}", file=sys.stderr)
        return error.exit_code
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
