"""The command of the images: run a stage, fill or check the models volume, delete old media."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from dubstage.contract import ExitCode
from dubstage.errors import StageError
from dubstage.workspace.layout import Roots


def main() -> int:
    """Run one command, and return the exit code."""
    parser = argparse.ArgumentParser(prog="dubstage", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run the stage that DUBSTAGE_REQUEST describes")
    models = commands.add_parser("models", help="fill or check the models volume").add_subparsers(
        dest="action", required=True
    )
    pull = models.add_parser("pull", help="download or copy missing models, and verify checksums")
    pull.add_argument(
        "--from",
        dest="source",
        type=Path,
        help="copy from this folder with the layout <engine>/<model>/",
    )
    check = models.add_parser("check", help="report missing models, without a network")
    for command in (pull, check):
        command.add_argument(
            "--profile",
            dest="profiles",
            type=Path,
            action="append",
            default=[],
            help="a DubProfile, or its spec, in JSON; may be repeated",
        )
        command.add_argument(
            "--model",
            dest="named",
            action="append",
            default=[],
            help="<engine>/<model>, or <engine>/<model>@sha256:<revision>; may be repeated",
        )
        command.add_argument(
            "--except",
            dest="left_out",
            action="append",
            default=[],
            help="<engine>/<model> that an image contains; may be repeated",
        )
    media = commands.add_parser("media", help="delete files on the data volume").add_subparsers(
        dest="action", required=True
    )
    prune = media.add_parser("prune", help="delete interim files and outputs of old jobs")
    prune.add_argument("--older-than-days", dest="days", type=float, required=True)
    prune.add_argument("--outcome", choices=["complete", "incomplete", "any"], default="any")
    prune.add_argument(
        "--keep-unfinished",
        action="store_true",
        help="ask the API server for the DubJobs of the pod's namespace, and keep the files of "
        "those that are not finished, or finished less than the given days ago",
    )
    prune.add_argument("--dry-run", action="store_true", help="print what would be deleted")
    arguments = parser.parse_args()
    if arguments.command == "run":
        from dubstage.run.process import main as run

        return run()
    if arguments.command == "media":
        return _prune(
            arguments.days, arguments.outcome, arguments.dry_run, arguments.keep_unfinished
        )
    source = getattr(arguments, "source", None)
    if not (arguments.profiles or arguments.named or source):
        if arguments.action == "check":
            check.error("give --profile or --model")
        pull.error("give --profile, --model or --from")
    return _models(arguments.action, arguments, source)


def _prune(days: float, outcome: str, dry_run: bool, keep_unfinished: bool) -> int:
    from dubstage.workspace.dubjobs import ApiServer, last_used
    from dubstage.workspace.prune import InUse, Outcome, prune

    in_use = None
    if keep_unfinished:
        server = ApiServer.of_pod()
        try:
            in_use = InUse(server.namespace, last_used(server))
        except (StageError, OSError) as error:
            print(f"media prune: {error}", file=sys.stderr)
            return ExitCode.TEMPFAIL
    word = "would be deleted" if dry_run else "deleted"
    roots = Roots.from_environment()
    try:
        for name in prune(roots, days, Outcome(outcome), in_use=in_use, dry_run=dry_run):
            print(f"{name}: interim files and outputs {word}")
    except (StageError, OSError) as error:
        print(f"media prune: {error}", file=sys.stderr)
        return ExitCode.TEMPFAIL
    return ExitCode.OK


def _models(action: str, arguments: argparse.Namespace, source: Path | None) -> int:
    """Check or pull the models of the profiles, or copy all models of `source`."""
    from dubstage.models import pull
    from dubstage.models.needs import named, needs_of, read_profile
    from dubstage.models.volume import find_model

    profiles: list[Path] = arguments.profiles
    roots = Roots.from_environment()
    models, caches = roots.models, roots.model_caches
    try:
        chosen = [named(word) for word in arguments.named]
        needs = needs_of(choice for profile in profiles for choice in read_profile(profile))
        needs = [need for need in needs if need.name not in arguments.left_out]
        needs += [need for need, _ in chosen]
        if action == "check":
            states = pull.check(needs, models, caches, roots.image_models)
        elif source:
            states = pull.pull_from(source, models, needs if profiles or chosen else None)
        else:
            token = pull.hugging_face_token()
            say = partial(print, flush=True)
            states = pull.pull(needs, models, token, caches, roots.image_models, say)
        for state in states:
            print(state)
        pull.require(states)
        for need, digest in chosen:
            folder = find_model(roots, need.name)
            if folder and (digest or action == "pull"):
                _tell_revision(need.name, folder, digest)
    except StageError as error:
        print(f"models {action}: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"models {action}: the models volume cannot be used: {error}", file=sys.stderr)
        return ExitCode.TEMPFAIL
    return ExitCode.OK


def _tell_revision(name: str, folder: Path, digest: str | None) -> None:
    """Print the model's revision. A snapshot of a hub's cache has none: raises
    :class:`dubstage.errors.Misconfigured` if one is required."""
    from dubstage.errors import Misconfigured
    from dubstage.models import pull
    from dubstage.models.volume import SUMS

    if (folder / SUMS).is_file():
        print(f"{name}@sha256:{pull.require_revision(folder, name, digest)}")
    elif digest:
        raise Misconfigured(
            f"The model {name} in the Hugging Face cache has no checksums to compare with "
            f"sha256:{digest}: remove it from the cache, and pull it.",
            reason="ModelUnusable",
        )


if __name__ == "__main__":
    sys.exit(main())
