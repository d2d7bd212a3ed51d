"""The pod network's bridge and rule, as the machine's kernel has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cluster import network
from local_cluster.place import Addresses, Place, free_network
from local_cluster.programs import attempt, run


def addresses(port: int) -> Addresses:
    free = free_network()
    return Addresses(str(free), str(free[1]), api_port=port, kubelet_port=port + 1)


def ports(place: Place) -> list[str]:
    """Where the rules of its bridge lead, the first that counts first."""
    listed = run("iptables", "--wait", "--table", "nat", "--list-rules", "PREROUTING")
    return [line.rsplit(":", 1)[1] for line in listed.splitlines() if place.bridge in line]


def test_rules_of_a_killed_cluster_do_not_misroute_pods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state is gone, by hand or by a new disk; bridge and rule are still there."""
    monkeypatch.setattr(Place, "state", tmp_path / "state")
    place = Place(tmp_path)
    try:
        before = addresses(1111)
        network.up(place, before)
        network.up(place, before)
        assert ports(place) == ["1111"], "a cluster that runs is left as it is"

        after = addresses(2222)
        assert after.network != before.network
        network.up(place, after)
        assert ports(place) == ["2222"]
        shown = run("ip", "-brief", "-4", "address", "show", "dev", place.bridge)
        assert after.gateway in shown
        assert before.gateway not in shown
    finally:
        network.down(place)
    assert ports(place) == []
    assert attempt("ip", "link", "show", place.bridge).returncode != 0
