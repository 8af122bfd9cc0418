"""The engine and its browser: told of by its health, ended with it, pictures handed out (2 s)."""

from pathlib import Path

from tests.support.browsers import children
from tests.support.http_server import Answer, serving
from tests.support.story import Story

from vigil.domain.journey import JourneyProbe
from vigil.domain.probe import ProbeRef
from vigil.engine import Engine
from vigil.integrations.browser.embedded import LightpandaBrowser
from vigil.integrations.clock.system import SystemClock
from vigil.integrations.probes.embedded import EmbeddedProbes
from vigil.integrations.screenshots.embedded import FileScreenshots
from vigil.integrations.workflow.dbos import DbosWorkflow


async def test_it_ends_with_the_engine_and_not_before_the_segments(
    story: Story, tmp_path: Path
) -> None:
    browser, screenshots = LightpandaBrowser(), FileScreenshots(tmp_path / "screenshots")
    probes = EmbeddedProbes(SystemClock(), browser, screenshots)
    workflow = DbosWorkflow(f"sqlite:///{tmp_path / 'workflow.sqlite'}")
    launched_at_close = []

    async def close() -> None:
        launched_at_close.append((await workflow.health()).ok)
        await browser.close()

    engine = Engine(
        parts=story.parts,
        inbox=story.record.inbox,
        workflow=workflow,
        sources={},
        checks={"browser": browser.health},
        closing=(close,),
        screenshots=screenshots,
    )
    await engine.start()
    assert children() == {}, "health and start need no browser"
    (health,) = (part for part in await engine.health() if part.part == "browser")
    assert health.ok
    page = Answer(body=b"<h1>Catalogue</h1>", headers=(("content-type", "text/html"),))
    try:
        async with serving(lambda _: page) as server:
            steps = [{"open": server.url()}]
            journey = JourneyProbe.model_validate({"kind": "journey", "steps": steps})
            result = await probes.run(ProbeRef(service="web", probe="buy"), journey)
        assert result.screenshot is not None
        picture = await engine.screenshot(result.screenshot)
        assert picture is not None
        assert picture.startswith(b"\x89PNG")
        assert await engine.screenshot(f"sha256:{'0' * 64}") is None
        assert set(children().values()) == {"lightpanda", "node"}
    finally:
        await engine.stop()
    assert children() == {}
    assert launched_at_close == [False]
