"""Start and stop the whole cluster."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from local_cluster import network, preflight, volumes
from local_cluster.control_plane import ControlPlane
from local_cluster.node import NODE, Node
from local_cluster.place import Addresses, Place
from local_cluster.programs import attempt, run
from local_cluster.steps import say, step
from local_cluster.tools import Tools, tools


def parts(place: Place, programs: Tools) -> tuple[Addresses, ControlPlane, Node]:
    """Return the components of the cluster of `place`, without starting them."""
    addresses = Addresses.of(place)
    control_plane = ControlPlane(
        folder=place.state / "control-plane",
        tools=programs,
        logs=place.logs,
        address=addresses.gateway,
        port=addresses.api_port,
        node=NODE,
    )
    return addresses, control_plane, Node(place, addresses, control_plane)


def up(place: Place) -> None:
    """Start the components that are not running. Replaces a cluster whose volumes were deleted."""
    preflight.check()
    programs = tools()
    if volumes.are_lost(place):
        say(f"the cluster is replaced, because its volumes in {place.volumes} were deleted")
        down(place)
    place.folder.mkdir(parents=True, exist_ok=True)
    volumes.create_folders(place)
    addresses, control_plane, node = parts(place, programs)
    network.up(place, addresses)
    with step("control plane: start"):
        control_plane.start()
    with step("node: start"):
        node.start()
    manifests = {"apiVersion": "v1", "kind": "List", "items": volumes.manifests(place)}
    run(
        *(*control_plane.kubectl(), "apply", "--server-side", "--force-conflicts", "-f", "-"),
        stdin=json.dumps(manifests),
    )
    shutil.copyfile(control_plane.kubeconfig, place.kubeconfig)
    place.kubeconfig.chmod(0o600)
    say(f"the cluster is running: export KUBECONFIG={place.kubeconfig}")


def down(place: Place) -> None:
    """Stop the cluster, unmount its volumes and remove its state. The media are kept."""
    if place.state.exists():
        _, control_plane, node = parts(place, tools(()))
        with step("cluster: stop"):
            node.stop()
            control_plane.stop()
            network.down(place)
            for folder in (place.sockets, place.state):
                unmount_below(folder)
                shutil.rmtree(folder, ignore_errors=True)
    place.kubeconfig.unlink(missing_ok=True)
    say(f"the cluster is stopped; the media are in {place.volumes}")


def unmount_below(folder: Path) -> None:
    """Unmount everything that is mounted in `folder`, innermost first."""
    mounted = [
        line.split()[4].replace("\\040", " ")
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
    ]
    below = [path for path in mounted if Path(path).is_relative_to(folder)]
    for path in sorted(below, key=len, reverse=True):
        attempt("umount", "--lazy", path)
