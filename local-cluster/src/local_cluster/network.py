"""The pod network: one bridge, the CNI configuration, and one rule that forwards the
address of the `kubernetes` service to the API server.

Pods cannot reach other networks, because stages must not require one.
"""

from __future__ import annotations

import json

from local_cluster.control_plane import SERVICE_ADDRESS
from local_cluster.errors import ClusterError
from local_cluster.place import Addresses, Place
from local_cluster.programs import attempt, run

NAT = ("iptables", "--wait", "--table", "nat")
CNI_VERSION = "0.4.0"
"""The version that containernetworking-plugins of Debian 12 supports."""


def up(place: Place, addresses: Addresses) -> None:
    """Create the bridge and the rule, and write the CNI configuration.

    Removes the rules of an earlier cluster of this checkout that was killed: iptables applies
    the first matching rule.
    """
    if not _has_address(place, addresses):
        attempt("ip", "link", "delete", place.bridge)
        run("ip", "link", "add", place.bridge, "type", "bridge")
        run("ip", "address", "add", f"{addresses.gateway}/24", "dev", place.bridge)
        run("ip", "link", "set", place.bridge, "up")
    rule = _service_rule(place, addresses)
    if _rules(place) != [rule]:
        _delete_rules(place)
        run(*NAT, "--append", *rule)
    folder = place.state / "cni"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "10-dubjob.conflist").write_text(json.dumps(_configuration(place, addresses)))


def down(place: Place) -> None:
    """Remove the bridge and all rules for it."""
    _delete_rules(place)
    attempt("ip", "link", "delete", place.bridge)


def _has_address(place: Place, addresses: Addresses) -> bool:
    shown = attempt("ip", "-brief", "address", "show", "dev", place.bridge)
    return f"{addresses.gateway}/24" in shown.stdout.split()


def _delete_rules(place: Place) -> None:
    for rule in _rules(place):
        run(*NAT, "--delete", *rule)


def _rules(place: Place) -> list[list[str]]:
    """Return the rules for traffic from this bridge, in order."""
    listed = run(*NAT, "--list-rules", "PREROUTING").splitlines()
    rules = [line.split()[1:] for line in listed if line.startswith("-A ")]
    return [rule for rule in rules if place.bridge in rule]


def _service_rule(place: Place, addresses: Addresses) -> list[str]:
    """Return the rule in the format in which iptables lists it."""
    return [
        *("PREROUTING", "-d", f"{SERVICE_ADDRESS}/32", "-i", place.bridge),
        *("-p", "tcp", "-m", "tcp", "--dport", "443"),
        *("-j", "DNAT", "--to-destination", f"{addresses.gateway}:{addresses.api_port}"),
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
    """Raise :class:`ClusterError` if this machine cannot create a bridge or a rule."""
    name = "dubjobprobe"
    made = attempt("ip", "link", "add", name, "type", "bridge")
    attempt("ip", "link", "delete", name)
    if made.returncode != 0:
        raise ClusterError(
            f"This machine cannot create a network bridge ({made.stderr.strip()}): use a machine "
            "whose kernel supports it, or use your own cluster with `make deploy`."
        )
    listed = attempt(*NAT, "--list-rules")
    if listed.returncode != 0:
        raise ClusterError(
            f"iptables cannot read the nat table ({listed.stderr.strip()}): use a machine whose "
            "kernel has nf_nat, or use your own cluster with `make deploy`."
        )
