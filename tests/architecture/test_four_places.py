"""Each port has its adapters and its contract suite, and each promise its tests (below 1 s)."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORTS = sorted(p.stem for p in (ROOT / "src/vigil/ports").glob("*.py") if p.stem != "__init__")
NO_PORT_OF_THEIR_OWN = {
    "_clients": "plumbing that integrations share",
    "backup": "an installation as one file, for two commands; no incident ever asks for it",
    "access": "credentials of this installation, read once by bootstrap and given to the web",
}

KEPT_BY = {
    "commands": "sandbox",
    "inbox": "journal",
    "ledger": "journal",
    "meanings": "journal",
    "post": "journal",
}
"""Ports that another one's adapters keep: a letter leaves the inbox in the transaction that writes
its incidents, a command that only looks goes to the runner over the same socket, and what a model
has cost, and what its tokens stand for, lies on record beside what it was asked about. What people
outside are told becomes an event in the transaction that says what became of it."""
KEPT_BY_A_PHASE = {"desk": "decide/desk.py"}
"""Ports that integrations call and no vendor stands behind."""


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


NO_PORT_AND_A_SUITE = {"verbs": "runner/verbs/base.py"}
"""The broker's verbs have no port, as the runner knows none; what they promise is numbered too."""


def promises(file: str) -> set[int]:
    """The numbers of the promises in the docstring of the file's Protocol."""
    (protocol,) = (
        node
        for node in parsed(ROOT / "src/vigil" / file).body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)
    )
    return {
        int(number)
        for number in re.findall(r"^\s*(\d+)\. ", ast.get_docstring(protocol) or "", re.MULTILINE)
    }


def kept(tests: str) -> set[int]:
    """The numbers that tests name: ``test_3_...``, or ``test_1_and_4_...`` for both."""
    names = re.findall(r"^(?:async )?def (test_\w+)\(", tests, re.MULTILINE)
    found: set[int] = set()
    for name in names:
        numbered = re.match(r"test_(\d+)(?:_and_(\d+))*_", name)
        if numbered:
            found |= {int(n) for n in re.findall(r"\d+", numbered[0])}
    return found


def suite(port: str) -> str:
    return (ROOT / f"tests/contracts/test_{port}.py").read_text()


@pytest.mark.parametrize("port", PORTS)
def test_a_port_has_adapters_and_a_contract_suite_of_its_name(port: str) -> None:
    room = ROOT / "src/vigil/integrations" / KEPT_BY.get(port, port)
    adapters = [p for p in room.glob("*.py") if p.stem != "__init__"]
    assert adapters or (ROOT / "src/vigil" / KEPT_BY_A_PHASE[port]).exists()
    assert f"vigil.ports.{port}" in suite(port) or f"vigil.integrations.{port}" in suite(port)


@pytest.mark.parametrize("port", PORTS)
def test_each_promise_of_a_port_has_a_test_of_its_number(port: str) -> None:
    promised = promises(f"ports/{port}.py")
    assert promised == set(range(1, len(promised) + 1)), "numbered from 1 without a gap"
    assert promised, "a port that promises nothing"
    assert kept(suite(port)) == promised


@pytest.mark.parametrize("name", NO_PORT_AND_A_SUITE)
def test_so_has_each_promise_of_what_is_no_port(name: str) -> None:
    promised = promises(NO_PORT_AND_A_SUITE[name])
    assert promised
    assert kept(suite(name)) == promised


def test_no_adapter_without_a_port() -> None:
    rooms = {
        p.name
        for p in (ROOT / "src/vigil/integrations").iterdir()
        if p.is_dir() and p.name != "__pycache__"
    }
    assert rooms - set(PORTS) == set(NO_PORT_OF_THEIR_OWN)


def test_no_contract_suite_without_a_port() -> None:
    assert {p.stem for p in (ROOT / "tests/contracts").glob("test_*.py")} == {
        f"test_{name}" for name in (*PORTS, *NO_PORT_AND_A_SUITE)
    }


def test_ports_are_narrow() -> None:
    """One to four methods, with seven exceptions.

    The journal is one transaction with many questions, as decided; what comes in is written down,
    looked at, received, set aside and tried again, on the same rows; memory keeps runbooks and the
    lessons that are their record in one store, whoever's store that is; locks are taken by runs,
    kept up by keepers, taken over by reapers and waited for, all on the same rows; a workflow also
    ends in order and takes over from others, which nobody else can do with what it runs; telemetry
    answers five questions from what is scraped and read anyway; the post is read up to, written,
    taken up, settled and counted on the same rows.
    """
    wide = {}
    for port in PORTS:
        methods = [
            node
            for part in parsed(ROOT / f"src/vigil/ports/{port}.py").body
            if isinstance(part, ast.ClassDef)
            and any(isinstance(b, ast.Name) and b.id == "Protocol" for b in part.bases)
            for node in part.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        if len(methods) > 4:
            wide[port] = len(methods)
    assert set(wide) <= {"inbox", "journal", "locks", "memory", "post", "telemetry", "workflow"}


def test_the_rule_can_fail() -> None:
    assert kept("async def test_1_and_4_at_once():\n\ndef test_2_x():\n\ndef test_y():\n") == {
        1,
        2,
        4,
    }
    assert promises("ports/locks.py") == {1, 2, 3, 4, 5, 6, 7}
