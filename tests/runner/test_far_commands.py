"""A hub and a runner as people set them up: keys, vigil.yaml, settings, doctor (about 10 s)."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.runner.bench import Supervised, wait_until
from tests.runner.far import NAME, FarBench, new_identity
from typer.testing import CliRunner, Result

from vigil.bootstrap import new_worker
from vigil.bootstrap.hands import choose_hands, hub_identity
from vigil.cli import app
from vigil.cli.far import far_in, look_at_hub
from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import SettingsError
from vigil.domain.plan import ActionStatus
from vigil.domain.references import dangling
from vigil.domain.switch import SwitchState
from vigil.integrations.switch.embedded import FileSwitch
from vigil.link.addresses import Address, addresses_in
from vigil.link.identity import identity_at
from vigil.settings import Settings


def vigil(state: Path, *words: str, **settings: str) -> Result:
    """A command, in this process."""
    return CliRunner().invoke(app, words, env={"VIGIL_STATE_DIR": str(state), **settings})


def test_the_help_names_the_command_for_the_keys(tmp_path: Path) -> None:
    lines = vigil(tmp_path, "--help").output.splitlines()
    assert any(line.strip("│ ").startswith("keys ") for line in lines), lines


@pytest.fixture
def bench(tmp_path: Path, supervised: Supervised) -> Iterator[FarBench]:
    """A hub that listens, and a runner that nobody has started."""
    made = FarBench(tmp_path, supervised)
    yield made
    made.close()


def of_runner(bench: FarBench) -> dict[str, str]:
    return {
        "VIGIL_HUB": str(bench.hub.address),
        "VIGIL_HUB_KEY": bench.hub_identity.public,
        "VIGIL_RUNNER_NAME": NAME,
    }


@contextmanager
def running(bench: FarBench) -> Iterator[None]:
    """The command itself, as somebody types it near the target."""
    config = bench.folder / "vigil.yaml"
    config.write_text(bench.catalogue.model_dump_json())
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(bench.folder),
        "VIGIL_STATE_DIR": str(bench.state),
        **of_runner(bench),
    }
    with bench.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "vigil", "runner", "--config", str(config)],
            env=environment,
            cwd=bench.folder,
            stderr=log,
        )
    try:
        wait_until(lambda: bench.connected, 30)
        yield
    finally:
        process.terminate()
        assert process.wait(30) == 0, bench.log.read_text()


async def test_the_command_runs_orders_and_is_stopped_and_let_go_where_it_is(
    bench: FarBench,
) -> None:
    (bench.state / "switch.json").unlink()
    with running(bench):
        assert (await bench.do(bench.to("one"))).status is ActionStatus.SUCCEEDED, "first start"
        stop = vigil(bench.state, "stop", "--why", "storm", **of_runner(bench))
        assert (stop.exit_code, stop.stdout) == (0, "this machine's runner: stopped\n")
        stopped = await bench.do(bench.to("two"))
        assert (stopped.status, bench.current) == (ActionStatus.STOPPED, "one")
        assert "storm" in stopped.output
        resumed = vigil(bench.state, "resume", "--json", **of_runner(bench))
        assert json.loads(resumed.stdout) == {"stopped": False, "now": False}
        assert (await bench.do(bench.to("two"))).status is ActionStatus.SUCCEEDED
    (bench.state / "switch.json").unlink()
    with running(bench):
        lost = await bench.do(bench.to("one"))
        assert lost.status is ActionStatus.STOPPED, "a switch that was lost is no first start"


def test_the_doctor_near_the_target_says_whether_it_would_be_let_in(bench: FarBench) -> None:
    settings = Settings(
        _env_file=None,
        vigil_state_dir=bench.state,
        vigil_hub=str(bench.hub.address),
        vigil_hub_key=bench.hub_identity.public,
        vigil_runner_name=NAME,
    )
    wait_until(lambda: bench.hub.listens)
    (good,) = look_at_hub(settings)
    assert good.ok, good.text
    assert bench.hub.refused_at("127.0.0.1") is None, "to ask is no offence"
    changed = settings.model_copy(update={"vigil_hub_key": new_identity().public})
    (other_hub,) = look_at_hub(changed)
    assert not other_hub.ok
    assert "another key" in other_hub.text
    (bench.state / "keys" / "runner.key").unlink()
    (no_key,) = look_at_hub(settings)
    assert "vigil keys runner" in str(no_key.remedy)
    identity_at(bench.state / "keys" / "runner.key")
    (not_admitted,) = look_at_hub(settings)
    assert "no word for us" in not_admitted.text
    # The hub writes down why after it has said no, and may not yet have come to it.
    wait_until(lambda: "another key" in (bench.hub.refused_at("127.0.0.1") or ""))


def test_keys_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first, again = (vigil(state, "keys", "runner") for _ in range(2))
    assert first.exit_code == 0, first.stderr
    assert first.stdout == again.stdout
    assert first.stdout.startswith("ed25519:")
    assert "runners:" in first.stderr
    key = state / "keys" / "runner.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    refused = vigil(state, "keys", "runner")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "chmod 600" in refused.stderr
    key.chmod(0o600)
    key.write_text("garbage\n")
    assert "is damaged" in vigil(state, "keys", "runner").stderr
    hub = vigil(tmp_path / "none", "keys", "hub", "--json")
    assert hub.exit_code == 1
    assert "start `vigil serve` once" in hub.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"VIGIL_HUB": "hub:70000"}, "VIGIL_HUB"),
        ({"VIGIL_HUB": "https://hub:7000"}, "VIGIL_HUB"),
        ({"VIGIL_HUB": "hub:7000", "VIGIL_HUB_KEY": "ssh-ed25519 AAAA"}, "VIGIL_HUB_KEY"),
        ({"VIGIL_HUB": "hub:7000"}, "VIGIL_RUNNER_NAME is not; set it"),
        ({"VIGIL_RUNNER_LISTEN": "a:1,b:2"}, "VIGIL_RUNNER_LISTEN"),
    ],
    ids=["port", "url", "key", "half", "two"],
)
def test_settings_that_cannot_be_are_refused(
    tmp_path: Path, given: dict[str, str], said: str
) -> None:
    config = tmp_path / "vigil.yaml"
    config.write_text("version: 1\nservices: {}\n")
    done = vigil(tmp_path / "state", "runner", "--config", str(config), **given)
    assert done.exit_code == 2, done.stderr
    assert said in done.stderr


def test_addresses_are_read_as_people_write_them() -> None:
    assert addresses_in("hub:7000, [::1]:7001,10.0.0.1:1") == (
        Address("hub", 7000),
        Address("::1", 7001),
        Address("10.0.0.1", 1),
    )
    assert str(Address("::1", 7001)) == "[::1]:7001"
    for wrong in ("", "hub", "hub:0", ":7000", "[hub]:7000", "a b:1", ",".join(["hub:1"] * 17)):
        with pytest.raises(ValueError, match="HOST:PORT"):
            addresses_in(wrong)


def test_an_address_of_a_hub_is_named_once() -> None:
    """One process has one connection of a runner, and would refuse the second for ever."""
    with pytest.raises(ValueError, match="each address once"):
        addresses_in("hub:7000, hub:7001, hub:7000")


KEY = new_identity().public


def test_a_runner_that_nobody_named_and_a_key_of_two_are_mistakes() -> None:
    document = {
        "services": {"shop": {"runner": "edge-9"}},
        "runners": {"edge-1": {"key": KEY}, "edge-2": {"key": KEY}},
    }
    found = dict(dangling(document))
    assert "name one of: edge-1, edge-2" in found["services", "shop", "runner"]
    assert "same key" in found["runners", "edge-2", "key"]


async def test_a_vigil_that_listens_for_nobody_refuses_a_service_that_needs_a_runner(
    tmp_path: Path,
) -> None:
    catalogue = Catalogue.model_validate(
        {
            "version": 1,
            "runners": {NAME: {"key": KEY}},
            "services": {"shop": {"runner": NAME}, "other": {}},
        }
    )
    settings = Settings(_env_file=None, vigil_state_dir=tmp_path)
    switch = FileSwitch(tmp_path / "switch.json")
    switch.set(SwitchState(stopped=False))
    with pytest.raises(SettingsError, match=r"services\.shop\.runner is 'edge-1'"):
        choose_hands(settings, catalogue, new_worker("serve"), switch)
    listening = settings.model_copy(update={"vigil_runner_listen": "127.0.0.1:7000"})
    hands = choose_hands(listening, catalogue, new_worker("serve"), switch)
    assert set(hands.checks) == {"hub", f"runner {NAME}"}
    assert hub_identity(tmp_path).public == hub_identity(tmp_path).public
    health = await hands.checks[f"runner {NAME}"]()
    assert "not connected" in health.text
    assert far_in(listening) is None
