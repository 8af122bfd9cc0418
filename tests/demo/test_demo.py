"""The product as a newcomer meets it (about 2 min).

Real processes throughout: nginx, PostgreSQL, Redis, the shop, Vigil, its runner and its sandboxes.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.programs import short_folder

LIMIT_S = 420
pytestmark = [
    pytest.mark.lab,
    pytest.mark.undisturbed,
    pytest.mark.takes(140),
    pytest.mark.timeout(LIMIT_S + 60),
]

END_S = 60
SECRETS = ("VIGIL_TOKEN", "ALERTMANAGER_WEBHOOK_TOKEN", "PAGERDUTY_WEBHOOK_SECRET")
STAGES = (
    "TRIGGERED",
    "INVESTIGATING",
    "HYPOTHESIS_RECEIVED",
    "CONTEXT_RETRIEVED",
    "SYNTHESIZING",
    "EXECUTING",
    "VERIFYING",
)


@dataclass(frozen=True)
class Demo:
    """One whole demo, from outside."""

    code: int
    out: str
    err: str
    secrets: frozenset[str]
    left: dict[int, str]
    files: list[str]

    @property
    def result(self) -> dict[str, Any]:
        parsed = json.loads(self.out)
        assert isinstance(parsed, dict)
        return parsed


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with short_folder() as folder:
        outputs = {name: folder / f"{name}.txt" for name in ("out", "err")}
        state = folder / "t"
        state.mkdir()
        clean = {k: v for k, v in os.environ.items() if not k.startswith("VIGIL_")}
        began = time.monotonic()
        with outputs["out"].open("wb") as out, outputs["err"].open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "vigil", "demo", "--once", "--json", "--seed", "11"],
                env={**clean, "TMPDIR": str(state)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            secrets: set[str] = set()
            try:
                while process.poll() is None:
                    secrets |= secrets_below(process.pid)
                    if time.monotonic() - began > LIMIT_S:
                        pytest.fail(f"not over after {LIMIT_S} s: {outputs['err'].read_text()}")
                    time.sleep(0.5)
            finally:
                end(process)
        yield Demo(
            code=process.returncode,
            out=outputs["out"].read_text(),
            err=outputs["err"].read_text(),
            secrets=frozenset(secrets),
            left=carriers(state),
            files=below(state),
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does, so that it ends the shop and Vigil as well; nothing to do when it is over."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def secrets_below(pid: int) -> set[str]:
    """What a process's descendants were given in their environment and nobody else should see."""
    found = set()
    for child in children_of(pid):
        try:
            lines = Path(f"/proc/{child}/environ").read_text(errors="replace").split("\0")
        except OSError:
            continue
        pairs = (line.partition("=") for line in lines)
        found |= {value for name, _, value in pairs if name in SECRETS}
    return found


def children_of(pid: int) -> set[int]:
    """All descendants; one that ends while it is looked at has none."""
    found: set[int] = set()
    try:
        for listed in Path(f"/proc/{pid}/task").glob("*/children"):
            found |= {int(child) for child in listed.read_text().split()}
    except OSError:
        return found
    return found.union(*(children_of(child) for child in found))


def below(folder: Path) -> list[str]:
    """Everything in a folder; what goes away while it is looked at is not there."""
    return [
        str(Path(place, name).relative_to(folder))
        for place, folders, files in os.walk(folder)
        for name in (*folders, *files)
    ]


def carriers(folder: Path) -> dict[int, str]:
    """Living processes that name this folder in their arguments, environment or working place."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            texts = [(entry / part).read_bytes() for part in ("cmdline", "environ")]
            texts.append(bytes((entry / "cwd").readlink()))
        except OSError:
            continue
        if any(str(folder).encode() in text for text in texts):
            found[int(entry.name)] = texts[0].decode(errors="replace").replace("\0", " ")
    return found


def test_the_demo_ends_well(demo: Demo) -> None:
    complaints = [line for line in demo.err.splitlines() if "✘" in line or "DISAGREES" in line]
    assert complaints == []
    assert demo.code == 0, demo.err
    assert demo.result["ok"] is True


def test_standard_output_is_one_json_object_of_exactly_this_shape(demo: Demo) -> None:
    result = demo.result
    assert demo.out.count("\n") == 1
    assert list(result) == ["schema", "ok", "seed", "faults", "controls", "audit"]
    assert (result["schema"], result["seed"]) == ("vigil.demo/1", 11)
    fault, (control,) = result["faults"][0], result["controls"]
    assert list(fault) == [
        *("id", "incident_id", "proof", "cause_rank", "detected_s", "verified_s", "stages"),
        "judge",
    ]
    assert list(control) == ["id", "expected", "got", "actions_executed"]
    assert set(result["audit"]) == {"verified", "events", "head"}


def test_the_three_faults_are_those_of_the_seed(demo: Demo) -> None:
    names = [fault["id"] for fault in demo.result["faults"]]
    assert names == ["bad-release-one-instance", "worker-hung", "pool-exhausted"]


@pytest.mark.parametrize("number", range(3))
def test_each_fault_is_healed_and_proven_and_the_judge_agrees(demo: Demo, number: int) -> None:
    fault = demo.result["faults"][number]
    assert (fault["proof"], fault["judge"]) == ("verified", True)
    assert fault["cause_rank"] == 1
    assert 0 < fault["detected_s"] < fault["verified_s"]
    assert tuple(fault["stages"])[: len(STAGES)] == STAGES
    assert fault["stages"]["VERIFYING"] >= 10, "the stabilisation window was waited for"
    assert sum(fault["stages"].values()) == pytest.approx(
        fault["verified_s"] - fault["detected_s"], abs=1.5
    )


def test_the_false_alert_is_left_alone(demo: Demo) -> None:
    (control,) = demo.result["controls"]
    assert control == {
        "id": "false-alert",
        "expected": "false_alarm",
        "got": "false_alarm",
        "actions_executed": 0,
    }


def test_the_audit_chain_of_the_demo_is_verified(demo: Demo) -> None:
    audit = demo.result["audit"]
    assert audit["verified"] is True
    assert audit["events"] > 30
    assert len(audit["head"]) == 64


def test_nothing_is_left_behind(demo: Demo) -> None:
    assert demo.left == {}
    assert demo.files == []


def test_standard_error_is_progress_and_holds_no_secret(demo: Demo) -> None:
    assert "starting the shop" in demo.err
    assert "Traceback" not in demo.err
    assert "Warning" not in demo.err
    assert len(demo.secrets) == 3, "all secrets were given to Vigil, by its environment"
    assert [s for s in demo.secrets if s in demo.err or s in demo.out] == []
