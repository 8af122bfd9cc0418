"""What is known of Python's libraries is data, and its examples are true."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from vigil.domain.effects import EffectKind
from vigil.domain.errors import SettingsError
from vigil.guard.program import Command
from vigil.guard.python import Library, read_python
from vigil.guard.python.library import Does
from vigil.strict_yaml import load
from vigil.tool_files import LIBRARY, load_tools

SHIPPED = load(LIBRARY, Library)
EXAMPLES = [(rule, code) for rule in SHIPPED.rules for code in rule.yes]


@pytest.mark.parametrize(("rule", "code"), EXAMPLES, ids=[rule.id for rule, _ in EXAMPLES])
def test_each_example_reaches_its_rule(rule: Does, code: str) -> None:
    reading = read_python(code, SHIPPED)
    rules = {finding.rule for finding in reading.findings}
    nobody_knows = "guard.unresolved" in rules and rule.effect is not EffectKind.UNKNOWN
    assert not nobody_knows, reading.findings
    said = f"python-call.{rule.id}" in rules
    assert said or reading.nested or rule.effect is EffectKind.READ


def test_what_changes_something_has_an_example_or_a_command() -> None:
    changing = [
        rule.id
        for rule in SHIPPED.rules
        if rule.effect in {EffectKind.DESTRUCTIVE, EffectKind.REVERSIBLE} and not rule.marks
    ]
    assert len(EXAMPLES) > 30
    assert len(changing) < 10, "most of what changes something is written as a command"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("glob.os.system", "os.system"),
        ("tempfile._os.remove", "os.remove"),
        ("posixpath.join", "os.path.join"),
        ("os.path.join", "os.path.join"),
        ("datetime.datetime.now", "datetime.datetime.now"),
        ("requests.sessions.Session", "requests.Session"),
        ("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.ThreadPoolExecutor"),
        ("pathlib.PosixPath.unlink", "pathlib.Path.unlink"),
        ("asyncio.subprocess.Popen", "subprocess.Popen"),
    ],
)
def test_one_thing_has_one_name(name: str, expected: str) -> None:
    assert SHIPPED.canonical(name) == expected


def test_what_a_module_keeps_to_itself_is_not_taken_for_computing() -> None:
    assert SHIPPED.only_computes("random.random")
    assert not SHIPPED.only_computes("random._urandom")
    assert not SHIPPED.only_computes("os.frobnicate")


def test_a_user_adds_a_library_without_touching_code(tmp_path: Path) -> None:
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries" / "shop.yaml").write_text(
        "rules:\n"
        "  - id: park-order\n"
        "    calls: [shop.park(order)]\n"
        "    effect: disruptive\n"
        "    resource: 'order:{order}'\n"
        "    reason: parks an order\n"
        "  - id: our-remove\n"
        "    calls: [os.remove(path)]\n"
        "    effect: destructive\n"
        "    resource: 'file:{path}'\n"
        "    reason: is watched here\n",
        encoding="utf-8",
    )
    library = load_tools(tmp_path).library()
    code = "import os, shop\nshop.park('7')\nos.remove('/srv/a')\nos.unlink('/srv/b')"
    reading = read_python(code, library)
    said = {(finding.rule, finding.resource) for finding in reading.findings}
    assert said == {
        ("python-call.park-order", "order:7"),
        ("python-call.our-remove", "file:/srv/a"),
    }
    (removal,) = reading.nested
    assert isinstance(removal, Command)
    assert removal.words[-1].text == "/srv/b"


def test_a_mistake_in_a_library_of_the_user_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "libraries").mkdir()
    path = tmp_path / "libraries" / "shop.yaml"
    path.write_text("rules:\n  - id: x\n    calls: [a]\n    effect: mild\n    reason: y\n", "utf-8")
    with pytest.raises(SettingsError, match=r"shop\.yaml:4"):
        load_tools(tmp_path)


GOOD: dict[str, Any] = {"id": "a", "calls": ["m.f(x)"], "effect": "read", "reason": "looks"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"calls": ["m f"]}, "not a call"),
        ({"effect": None}, "say the effect"),
        ({"resource": "file:{y}"}, "no call has the parameter y"),
        ({"command": ["rm", "{y...}"]}, "no call has the parameter y"),
        ({"effect": "harmless"}, "effect"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_a_mistake_in_a_rule_is_said(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Does.model_validate(GOOD | wrong)


def test_nothing_may_be_said_twice() -> None:
    rules = [GOOD, GOOD | {"id": "b"}]
    with pytest.raises(ValidationError, match=r"given twice: m\.f"):
        Library.model_validate({"rules": rules})
