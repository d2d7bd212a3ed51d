"""The settings of the operator's process, from its environment."""

from __future__ import annotations

import pytest

from dubjob_operator.settings import Settings


def test_omitted_settings_have_defaults() -> None:
    found = Settings.from_environment({"WATCH_NAMESPACES": " a, ,b ", "METRICS_PORT": "0"})
    assert (found.namespaces, found.metrics_port, found.log_level) == (("a", "b"), 0, "INFO")
    assert Settings.from_environment({}).metrics_port == 8081


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOG_LEVEL", "loud"), *(("METRICS_PORT", port) for port in ("", "http", "-1", "65536"))],
)
def test_invalid_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings.from_environment({name: value})
