"""The local cluster's commands: ``python3 -m local_cluster <command>``.

preflight            check that this machine meets the requirements
tools [PART…]        build or download the programs into the cache
up                   start the cluster of this checkout
down                 stop the cluster and keep the media
status               report whether the cluster is running
load FILE LAYOUT     load the images listed in FILE into the node
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from local_cluster import cluster, images, preflight
from local_cluster.errors import ClusterError
from local_cluster.place import Place
from local_cluster.tools import PARTS, tools

CHECKOUT = Path(__file__).parents[3]


def main() -> int:
    """Run one command; return 0, or 1 after an error message."""
    parser = argparse.ArgumentParser(
        prog="local_cluster", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("tools")
    build.add_argument(
        "parts", nargs="*", help=f"programs to build; defaults to {', '.join(PARTS)}"
    )
    for name in ("preflight", "up", "down", "status"):
        commands.add_parser(name)
    load = commands.add_parser("load")
    load.add_argument("list", type=Path, help="file with one NAME=reference per line")
    load.add_argument("layout", type=Path, help="OCI image layout")
    arguments = parser.parse_args()
    try:
        return _run(arguments, Place(CHECKOUT))
    except ClusterError as error:
        print(f"local cluster: {error}", file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace, place: Place) -> int:
    match arguments.command:
        case "preflight":
            preflight.check()
        case "tools":
            tools(tuple(arguments.parts) or PARTS)
        case "up":
            cluster.up(place)
        case "down":
            cluster.down(place)
        case "status":
            return _status(place)
        case "load":
            lines = arguments.list.read_text().split()
            _, _, node = cluster.parts(place, tools(()))
            images.load(node, [line.partition("=")[2] for line in lines], arguments.layout)
    return 0


def _status(place: Place) -> int:
    running = place.state.exists() and cluster.parts(place, tools(()))[1].is_ready()
    print("running" if running else "not running")
    return 0 if running else 1


if __name__ == "__main__":
    sys.exit(main())
