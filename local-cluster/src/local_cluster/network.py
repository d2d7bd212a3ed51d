"""The pod network: one bridge, the CNI configuration, and the one rule that leads
the `kubernetes` service's address to the API server.

Nothing routes pods out. That suits stages, which must not need a network.
"""

from __future__ import annotations

import json

from local_cluster.control_plane import SERVICE_ADDRESS
from local_cluster.errors import ClusterError
from local_cluster.place import Addresses, Place
from local_cluster.programs import attempt, run

CNI_VERSION = "0.4.0"
"""What Debian 12's containernetworking-plugins speak."""


def up(place: Place, addresses: Addresses) -> None:
    """Make the bridge and the rule, and write the CNI configuration."""
    if attempt("ip", "link", "show", place.bridge).returncode != 0:
        run("ip", "link", "add", place.bridge, "type", "bridge")
        run("ip", "address", "add", f"{addresses.gateway}/24", "dev", place.bridge)
        run("ip", "link", "set", place.bridge, "up")
    if attempt("iptables", *_service_rule(place, addresses, "--check")).returncode != 0:
        run("iptables", *_service_rule(place, addresses, "--append"))
    folder = place.state / "cni"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "10-dubjob.conflist").write_text(json.dumps(_configuration(place, addresses)))


def down(place: Place, addresses: Addresses) -> None:
    """Remove the bridge and the rule."""
    while attempt("iptables", *_service_rule(place, addresses, "--check")).returncode == 0:
        run("iptables", *_service_rule(place, addresses, "--delete"))
    attempt("ip", "link", "delete", place.bridge)


def _service_rule(place: Place, addresses: Addresses, verb: str) -> list[str]:
    return [
        *("--wait", "--table", "nat", verb, "PREROUTING", "--in-interface", place.bridge),
        *("--destination", SERVICE_ADDRESS, "--protocol", "tcp", "--dport", "443"),
        *("--jump", "DNAT", "--to-destination", f"{addresses.gateway}:{addresses.api_port}"),
    ]


def _configuration(place: Place, addresses: Addresses) -> dict[str, object]:
    return {
        "cniVersion": CNI_VERSION,
        "name": place.bridge,
        "plugins": [
            {
                "type": "bridge",
                "bridge": place.bridge,
                "isGateway": True,
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(place.state / "addresses"),
                    "ranges": [[{"subnet": addresses.network, "gateway": addresses.gateway}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
        ],
    }


def check() -> None:
    """Raise :class:`ClusterError` where this machine cannot make a bridge or a rule."""
    name = "dubjobprobe"
    made = attempt("ip", "link", "add", name, "type", "bridge")
    attempt("ip", "link", "delete", name)
    if made.returncode != 0:
        raise ClusterError(
            f"This machine cannot make a network bridge ({made.stderr.strip()}): use one whose "
            "kernel has it, or your own cluster with `make deploy`."
        )
    listed = attempt("iptables", "--wait", "--table", "nat", "--list-rules")
    if listed.returncode != 0:
        raise ClusterError(
            f"iptables cannot read the nat table ({listed.stderr.strip()}): use a machine whose "
            "kernel has nf_nat, or your own cluster with `make deploy`."
        )
