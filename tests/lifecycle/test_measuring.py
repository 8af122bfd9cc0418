"""Pages are measured now and then, while all is well (below 1 s)."""

from dataclasses import replace

import pytest
from tests.support.hand_clock import HandClock
from tests.support.story import Story

from vigil.domain.probe import PerformanceProbe
from vigil.measuring import EVERY_S, measure, measure_forever

QUICK = PerformanceProbe(kind="performance", url="http://127.0.0.1:1/", p95_ms=100)


def with_pages(story: Story) -> Story:
    """The shop has a page to measure, and so has the database that it needs."""
    known = story.parts.catalogue
    services = {
        name: service.model_copy(update={"probes": {**service.probes, "quick": QUICK}})
        for name, service in known.services.items()
    }
    story.with_parts(catalogue=known.model_copy(update={"services": services}))
    return story


async def test_only_pages_are_measured(story: Story) -> None:
    await measure(with_pages(story).parts)
    assert dict(story.probes.looks) == {"web/quick": 1, "db/quick": 1}


async def test_who_is_in_trouble_is_left_alone(story: Story) -> None:
    """What it shows now is not usual; the database is well for all that anybody knows."""
    await with_pages(story).hear()
    await measure(story.parts)
    assert dict(story.probes.looks) == {"db/quick": 1}


class Enough(Exception):
    """The test has seen what it wanted."""


class ThreeTimes(HandClock):
    """Waits twice."""

    async def sleep(self, seconds: float) -> None:
        if self.elapsed() >= 2 * EVERY_S:
            raise Enough
        await super().sleep(seconds)


async def test_they_are_measured_again_and_again(story: Story) -> None:
    senses = replace(with_pages(story).parts.senses, clock=ThreeTimes())
    story.with_parts(senses=senses)
    with pytest.raises(Enough):
        await measure_forever(story.parts)
    assert dict(story.probes.looks) == {"web/quick": 3, "db/quick": 3}
