"""The how-to for one's own service, done as a new user would: a site behind nginx (about 90 s)."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.own_service.site import EXAMPLES, ROOT, Site, Vigil, closed

from vigil.cli.rehearsal.process import free_port
from vigil.cli.runbooks import read_library

pytestmark = pytest.mark.takes(80)

PAGE = ROOT / "docs" / "how-to" / "watch-your-own-service.md"


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    built = Site(tmp_path_factory.mktemp("s") / "site")
    built.do("up", "--port", str(built.port))
    try:
        yield built
    finally:
        built.do("down")


@pytest.fixture
def vigil(tmp_path: Path, site: Site) -> Iterator[Vigil]:
    process = Vigil(tmp_path / "state", free_port())
    process.start(site.catalogue)
    try:
        process.wait_ready()
        yield process
    finally:
        process.stop()


def deliveries_of_the_page() -> list[str]:
    """What its readers are told to send."""
    return re.findall(r"-d '(\{.*?\})'", PAGE.read_text(), re.DOTALL)


@pytest.mark.timeout(300)
def test_from_watching_to_healing_one_s_own_site(site: Site, vigil: Vigil) -> None:
    ingested = vigil.said("ingest", "runbooks", str(EXAMPLES / "runbooks"))
    assert ingested["added"] == 2
    assert site.page() == 200

    # An alert while nothing is wrong, as the page sends it with curl, and its end.
    firing, resolved = deliveries_of_the_page()
    vigil.hears(firing)
    calm = vigil.until(closed(1))
    assert calm["outcome"] == "nothing_to_check"
    vigil.hears(resolved)

    # It only watches, and says what it would have done.
    site.do("break")
    assert site.page() == 404
    first = vigil.until(closed(2))
    assert (first["stage"], first["outcome"]) == ("ESCALATED", "not_executed")
    assert site.page() == 404, "nothing was done"
    watched = vigil.said("explain", first["id"])
    assert not watched["acted"]
    assert "release:release" in watched["actions"][0]
    assert "set `autonomy: approve` on site in vigil.yaml" in " ".join(watched["to_change"])
    assert "newest release of site" in watched["thought"][0]["text"]
    text = vigil.command("explain", first["id"])
    assert text.returncode == 0, text.stderr
    assert "Why it did not act" in text.stdout
    ending = vigil.said("incidents", first["id"])["timeline"][-1]["payload"]["text"]
    assert "The plan would have been: A new configuration broke the service" in ending
    assert "can be undone" in ending

    # A person mends it, lets Vigil ask from now on, and the same mistake is made again.
    site.do("deploy")
    assert site.page() == 200
    vigil.sees_it_is_over(first["id"])
    site.allow("approve")
    vigil.end()
    vigil.start(site.catalogue)
    vigil.wait_ready()
    site.do("break")
    second = vigil.until(lambda found: bool(found[0]["waiting_on"]))
    assert second["id"] != first["id"]
    waiting = vigil.said("explain", second["id"])
    assert (
        f"vigil approve {second['id']} --plan {second['plan_digest']}" in waiting["left_to_do"][0]
    )
    assert any(first["id"] in line for line in waiting["before"]), waiting["before"]
    vigil.said("approve", second["id"], "--plan", second["plan_digest"], "--by", "Ada")

    healed = vigil.until(closed(3))
    assert (healed["stage"], healed["outcome"]) == ("RESOLVED", "verified")
    assert site.page() == 200
    done = vigil.said("explain", second["id"])
    assert done["acted"]
    assert "Ada agreed to the plan." in done["why"]
    assert any(line.startswith("site/front-page: failing before") for line in done["proof"])
    assert "1 of 1 now" in done["learned"][0]


@pytest.mark.timeout(300)
def test_a_runbook_that_nobody_measured_never_runs_unasked(site: Site, vigil: Vigil) -> None:
    vigil.said("ingest", "runbooks", str(EXAMPLES / "runbooks"))
    vigil.end()
    site.allow("auto")
    vigil.start(site.catalogue)
    vigil.wait_ready()
    site.do("break")
    asked = vigil.until(lambda found: bool(found and found[0]["waiting_on"]))
    said = vigil.said("explain", asked["id"])
    assert "was never tried on this kind of service" in " ".join(said["why"])
    assert site.page() == 404
    vigil.said("reject", asked["id"], "--plan", asked["plan_digest"], "--by", "Ada")
    vigil.until(closed(1))
    assert "Ada said no to the plan." in vigil.said("explain", asked["id"])["why"]


def test_the_page_shows_an_alertmanager_what_it_understands() -> None:
    (snippet,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    config = yaml.safe_load(snippet)
    named = {receiver["name"] for receiver in config["receivers"]}
    routed = {config["route"]["receiver"], *(r["receiver"] for r in config["route"]["routes"])}
    assert routed == named
    (hook,) = config["receivers"][-1]["webhook_configs"]
    assert hook["url"].endswith("/webhooks/alertmanager")
    assert hook["http_config"]["authorization"]["type"] == "Bearer"


def test_the_example_runbooks_have_no_record() -> None:
    found = read_library(EXAMPLES / "runbooks")
    assert found.mistakes == ()
    assert {book.lab_record for book in found.runbooks} == {None}
