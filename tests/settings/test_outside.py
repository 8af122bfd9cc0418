"""Who outside is told is said by a key, and without one nothing is another (about 3 s)."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from vigil.bootstrap import build
from vigil.bootstrap.outside import choose_trackers
from vigil.domain.errors import SettingsError
from vigil.engine import Engine
from vigil.integrations.trackers.pagerduty import PagerDutyTrackers
from vigil.settings import Settings
from vigil.web.metrics import Metrics
from vigil.web.work_counts import WorkCounts

CATALOGUE = "version: 1\nenvironment: lab\nservices:\n  web: {kind: web-application}\n"
KEY = {"pagerduty_api_key": SecretStr("key-of-the-test"), "pagerduty_from": "vigil@example.org"}


def given(**more: object) -> Settings:
    return Settings(_env_file=None, **more)  # type: ignore[arg-type] # by field name


def engine(folder: Path, **more: object) -> Engine:
    config = folder / "vigil.yaml"
    config.write_text(CATALOGUE)
    return build(given(vigil_state_dir=folder / "state", vigil_config=config, **more)).engine


def test_without_a_key_nobody_is_told() -> None:
    assert choose_trackers(given()) == {}
    assert choose_trackers(given(pagerduty_from="vigil@example.org")) == {}


def test_a_key_names_whom_to_tell() -> None:
    assert isinstance(choose_trackers(given(**KEY))["pagerduty"], PagerDutyTrackers)


@pytest.mark.parametrize("sender", [None, "somebody", "a@b\r\nx: y", "ä@example.org"])
def test_somebody_has_to_write_it(sender: str | None) -> None:
    with pytest.raises(SettingsError, match="PAGERDUTY_FROM"):
        choose_trackers(given(**{**KEY, "pagerduty_from": sender}))


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://api.eu.pagerduty.com", True),
        ("http://127.0.0.1:8080", True),
        ("http://api.pagerduty.com", False),
        ("http://127.0.0.1.example.org", False),
        ("http://127.0.0.1:80@example.org", False),
        ("https://", False),
        ("ftp://x", False),
    ],
)
def test_a_key_goes_over_tls_or_stays_here(url: str, safe: bool) -> None:
    settings = given(**KEY, pagerduty_api_url=url)
    if safe:
        assert choose_trackers(settings)
    else:
        with pytest.raises(SettingsError, match="https://") as raised:
            choose_trackers(settings)
        assert "key-of-the-test" not in str(raised.value)


async def test_without_one_there_is_no_post(tmp_path: Path) -> None:
    built = engine(tmp_path)
    assert built.posting is None
    assert await built.standings() == {}


async def test_with_one_it_is_asked_how_it_fares(tmp_path: Path) -> None:
    built = engine(tmp_path, **KEY)
    assert built.posting is not None
    (check,) = built.posting.checks.items()
    assert check[0] == "post pagerduty"
    health = await check[1]()
    assert (health.ok, health.vital, health.text) == (True, False, "0 told, 0 due, 0 not told")
    metrics = Metrics(CollectorRegistry())
    await WorkCounts(built, metrics).look()
    for state in ("due", "told", "not_told"):
        labels = {"channel": "pagerduty", "state": state}
        assert metrics.registry.get_sample_value("vigil_post_messages", labels) == 0
    assert (
        metrics.registry.get_sample_value("vigil_post_oldest_seconds", {"channel": "pagerduty"})
        == 0
    )
