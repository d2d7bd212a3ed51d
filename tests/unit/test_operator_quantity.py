"""Quantities of bytes, as Kubernetes reads them."""

from __future__ import annotations

import pytest

from dubjob_operator.planning.quantity import bytes_of


@pytest.mark.parametrize(
    ("quantity", "size"),
    [
        ("2Gi", 2 << 30), ("1.5Gi", 3 << 29), ("500M", 500_000_000), ("1e9", 10**9),
        ("128974848", 128974848),
        (".5Ki", 512), ("129e6", 129_000_000), ("1000m", 1), ("1E", 10**18), ("5.Mi", 5 << 20),
        ("", None), ("2GB", None), ("Gi", None), ("two", None), ("1e", None), ("1 Gi", None),
    ],
)  # fmt: skip
def test_bytes_of_a_quantity(quantity: str, size: int | None) -> None:
    assert bytes_of(quantity) == size
