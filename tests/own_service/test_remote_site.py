"""An incident whose service has a runner near it: the whole way, over a hub (about 40 s).

Where networks can be made, hub and runner are in two of their own, with one wire between them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.own_service.site import EXAMPLES, Site, Vigil, closed
from tests.runner.networks import ESTABLISHED, Networks, may_be_made, sockets, two_networks
from tests.support.programs import wait_until

from vigil.bootstrap.hands import hub_identity
from vigil.cli.rehearsal.process import free_port
from vigil.domain.plan import ActionResult
from vigil.domain.remote import OrderText, attested_text
from vigil.domain.signed import ORDER, RESULT
from vigil.link.identity import KEYS, RUNNER_KEY, genuine, identity_at

pytestmark = pytest.mark.takes(45)


@pytest.fixture
def networks() -> Iterator[Networks | None]:
    """This test, and what it starts, is in the hub's network."""
    if not may_be_made():
        yield None
        return
    with two_networks() as made, made.at_the_hub():
        yield made


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, networks: Networks | None) -> Iterator[Site]:
    built = Site(tmp_path_factory.mktemp("s") / "site")
    built.do("up", "--port", str(built.port))
    try:
        yield built
    finally:
        built.do("down")


@contextmanager
def runner(
    state: Path, catalogue: Path, within: tuple[str, ...], **settings: str
) -> Iterator[Path]:
    """`vigil runner`, as it is started near a service; what the kernel says of it."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(state),
        "VIGIL_STATE_DIR": str(state),
        "VIGIL_CONFIG": str(catalogue),
        **settings,
    }
    with (state / "log").open("wb") as log:
        process = subprocess.Popen(
            [*within, sys.executable, "-m", "vigil", "runner"],
            env=environment,
            cwd=state,
            stderr=log,
        )
    try:
        yield Path(f"/proc/{process.pid}")
    finally:
        process.terminate()
        process.wait(45)


@pytest.mark.timeout(300)
def test_what_is_approved_here_is_done_there_and_signed_by_both(
    site: Site, networks: Networks | None, tmp_path: Path
) -> None:
    near = tmp_path / "near"
    near.mkdir(mode=0o700)
    runner_key = identity_at(near / KEYS / RUNNER_KEY).public
    text = site.catalogue.read_text().replace("  site:\n", "  site:\n    runner: edge-1\n")
    site.catalogue.write_text(f"runners: {{edge-1: {{key: '{runner_key}'}}}}\n{text}")
    site.allow("approve")
    address = f"{networks.hub_host if networks else '127.0.0.1'}:{free_port()}"
    vigil = Vigil(tmp_path / "hub", free_port(), {"VIGIL_RUNNER_LISTEN": address})
    vigil.start(site.catalogue)
    try:
        vigil.wait_ready()
        hub_key = hub_identity(vigil.state).public
        told = {"VIGIL_HUB": address, "VIGIL_HUB_KEY": hub_key, "VIGIL_RUNNER_NAME": "edge-1"}
        assert not parts(vigil)["runner edge-1"]["ok"], "nobody has started it"
        within = networks.within_runner if networks else ()
        with runner(near, site.catalogue, within, **told) as its:
            wait_until(lambda: parts(vigil)["runner edge-1"]["ok"] is True, "the runner")
            assert networks is None or sockets(its) == {ESTABLISHED: 1}, "one connection, its own"
            vigil.said("ingest", "runbooks", str(EXAMPLES / "runbooks"))
            site.do("break")
            asked = vigil.until(lambda found: bool(found and found[0]["waiting_on"]))
            vigil.said("approve", asked["id"], "--plan", asked["plan_digest"], "--by", "Ada")
            healed = vigil.until(closed(1))
        assert (healed["stage"], healed["outcome"]) == ("RESOLVED", "verified")
        assert site.page() == 200
        timeline = vigil.said("incidents", asked["id"])["timeline"]
        (ran,) = (event["payload"] for event in timeline if event["kind"] == "executed")
        result = ActionResult.model_validate(ran)
        proven(result, hub_key, runner_key, asked["plan_digest"])
        assert "signed by the runner edge-1" in vigil.command("incidents", asked["id"]).stdout
    finally:
        vigil.stop()


def parts(vigil: Vigil) -> dict[str, dict[str, object]]:
    _, body = vigil.client.status("/ready")
    return {part["part"]: part for part in body["parts"]}


def proven(result: ActionResult, hub_key: str, runner_key: str, plan_digest: str) -> None:
    """What an outsider can check who has the two public keys and the timeline."""
    said = result.attestation
    assert said is not None
    text = attested_text("edge-1", said.order, result)
    assert genuine(runner_key, RESULT, text, said.signature)
    assert genuine(hub_key, ORDER, said.order.text, said.order.signature)
    order = OrderText.model_validate(json.loads(said.order.text))
    assert (order.approved_digest, order.runner) == (plan_digest, "edge-1")
