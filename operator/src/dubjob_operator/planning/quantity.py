"""Kubernetes quantities of bytes, for example 2Gi, 500M or 1e9."""

from __future__ import annotations

import re
from decimal import Decimal

FACTORS: dict[str, int | Decimal] = {
    "": 1, "m": Decimal("0.001"), "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15,
    "E": 10**18, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip
QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]*)")


def bytes_of(quantity: str) -> int | None:
    """The bytes of a quantity; None if it is malformed: the API server then says so."""
    match = QUANTITY.fullmatch(quantity)
    if not match or match[2] not in FACTORS:
        return None
    return int(Decimal(match[1]) * FACTORS[match[2]])
