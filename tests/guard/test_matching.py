"""One command against rules: what is certain, what only a run could tell, what it runs."""

import shlex
from typing import Any

import pytest

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Mark
from vigil.guard.matching import Judged, judge_command
from vigil.guard.program import UNRESOLVED, Command, Source, Span, Word
from vigil.guard.tools import Tool, Tools

SHOPCTL: dict[str, Any] = {
    "tool": "shopctl",
    "also": ["shopctl-beta"],
    "about": "the command line of our shop",
    "options": {
        "valued": ["-n", "--shop", "--format"],
        "plain": ["-v", "--verbose"],
        "by_verb": [{"verb": "order show", "plain": ["-n"]}],
    },
    "verb_words": 2,
    "rules": [
        {
            "id": "read",
            "verb": ["status", "order show", "list-*"],
            "effect": "read",
            "reason": "shows",
        },
        {
            "id": "secret",
            "verb": "order show",
            "option": "--format=.*card.*",
            "effect": "read",
            "marks": ["reads-sensitive"],
            "reason": "shows cards",
        },
        {
            "id": "cancel",
            "verb": "order cancel",
            "without": "--dry-run",
            "effect": "disruptive",
            "resource": "order:{option:-n|--shop}/{operand}",
            "reason": "cancels an order",
        },
        {
            "id": "cancel-all",
            "verb": "order cancel",
            "operand": "all|\\*",
            "effect": "destructive",
            "resource": "orders:{operands}",
            "reason": "cancels every order",
        },
        {
            "id": "export",
            "verb": "export",
            "count": [1, 1],
            "operands": "/tmp/[^/]+",
            "effect": "reversible",
            "resource": "file:{operand1}",
            "reason": "writes a file",
        },
        {"id": "order", "verb": "order", "effect": "reversible", "reason": "changes an order"},
        {
            "id": "shell",
            "verb": "run",
            "effect": "read",
            "reason": "runs what follows",
            "runs": [{"command": 1, "skip": "\\w+=.*"}, {"code": "bash", "option": "--before"}],
        },
        {
            "id": "each",
            "verb": "each",
            "effect": "read",
            "reason": "runs a command for each order",
            "runs": [
                {"command": "between", "option": "--do", "until": ";", "hole": "{}"},
                {"command": "after"},
            ],
        },
        {
            "id": "script",
            "verb": "script",
            "effect": "read",
            "reason": "runs what is fed to it",
            "runs": [{"code": "python", "stdin": True}, {"code": "sql", "operands": 2}],
        },
        {
            "id": "debug",
            "verb": "status",
            "environment": "SHOP_DEBUG",
            "effect": "disruptive",
            "reason": "writes everything down",
        },
    ],
}
TOOLS = Tools.of(Tool.model_validate(SHOPCTL))
CURL = Source("curl")


def judged(text: str, **more: Any) -> Judged:  # noqa: ANN401 - any field of a command
    words = tuple(Word(text=word) for word in shlex.split(text.replace("?", UNRESOLVED)))
    span = Span(line=1, start=0, end=len(text))
    command = Command(words=words, span=span)._replace(**more)
    return judge_command(command, TOOLS)


def fired(text: str, **more: Any) -> set[str]:  # noqa: ANN401 - any field of a command
    return {finding.rule.removeprefix("shopctl.") for finding in judged(text, **more).findings}


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("shopctl status", {"read"}),
        ("shopctl-beta status", {"read"}),
        ("/usr/bin/shopctl status", {"read"}),
        ("/opt/shop/bin/shopctl list-orders", {"read"}),
        ("shopctl -n berlin -v order show 1", {"read"}),
        ("shopctl -nberlin order show 1", {"read"}),
        ("shopctl -vnberlin order show 1", {"read"}),
        ("shopctl --shop=berlin order show 1", {"read"}),
        ("shopctl --sho berlin order show 1", {"read"}),
        ("shopctl order show -n 1", {"read"}),
        ("shopctl order show --format card", {"read", "secret"}),
        ("shopctl order show --format=x-card-y", {"read", "secret"}),
        ("shopctl order show -- --format=card", {"read"}),
        ("shopctl order cancel 4711", {"cancel"}),
        ("shopctl order cancel 4711 --dry-run", {"default"}),
        ("shopctl order cancel 4711 --dry", {"default"}),
        ("shopctl order cancel 4711 all", {"cancel", "cancel-all"}),
        ("shopctl order cancel -- all", {"cancel", "cancel-all"}),
        ("shopctl order ship 4711", {"order"}),
        ("shopctl export /tmp/a", {"export"}),
        ("shopctl export /tmp/./a", {"default"}),
        ("shopctl export /tmp/..", {"default"}),
        ("shopctl export /tmp/a /tmp/b", {"default"}),
        ("shopctl export", {"default"}),
        ("shopctl", {"default"}),
        ("shopctl statuses", {"default"}),
        ("shopctl --other status", {"read", "guard.option"}),
        ("shopctl --other=1 status", {"read"}),
        ("shopctl status --other", {"read"}),
        ("shopctl --help", {"guard.help"}),
        ("shopctl order show --help", {"guard.help"}),
        ("shopctl order --help", {"guard.help"}),
        ("shopctl orders --help", {"default"}),
        ("shopctl order cancel 1 --help", {"cancel"}),
        ("unheard-of --help", {"guard.help"}),
        ("unheard-of --help now", {"guard.no-tool"}),
        ("./shopctl status", {"guard.path"}),
        ("/tmp/shopctl --help", {"guard.path"}),
        ("/usr/bin/../../tmp/shopctl status", {"guard.path"}),
    ],
)
def test_what_is_certain(text: str, rules: set[str]) -> None:
    assert fired(text) == rules


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("? status", {"guard.name"}),
        ("shop? status", {"guard.name"}),
        ("shopctl ?", {"default"}),
        ("shopctl order ?", {"order", "cancel-all?"}),
        # An operand that may be any text.
        ("shopctl order cancel x?", {"cancel", "cancel-all?"}),
        ("shopctl order cancel all x?", {"cancel", "cancel-all"}),
        ("shopctl order show ?", {"read"}),
        ("shopctl export /tmp/?", {"default"}),
        # One that may be any option: --dry-run would be a matter of no rule.
        ("shopctl order cancel ?", {"cancel", "cancel-all?"}),
        ("shopctl list-orders --quiet=? ?", {"read"}),
        # The value of an option.
        ("shopctl -n ? status", {"read"}),
        ("shopctl --shop=? status", {"read"}),
        ("shopctl order show --format=?", {"read"}),
    ],
)
def test_what_only_a_run_could_tell(text: str, rules: set[str]) -> None:
    assert fired(text) == rules


def test_an_option_that_may_be_given_and_is_a_matter_of_no_rule() -> None:
    cautious = {**SHOPCTL, "rules": [r for r in SHOPCTL["rules"] if r["id"] != "cancel-all"]}
    tools = Tools.of(Tool.model_validate(cautious))
    words = tuple(Word(text=text) for text in ("shopctl", "order", "cancel", UNRESOLVED))
    found = judge_command(Command(words=words, span=Span(line=1, start=0, end=1)), tools).findings
    assert [f.rule for f in found] == ["shopctl.cancel", "shopctl.default?"]


def test_a_doubt_makes_a_command_unknown() -> None:
    kinds = {finding.kind for finding in judged("shopctl order cancel ?").findings}
    assert EffectKind.UNKNOWN in kinds


def test_what_is_touched_one_finding_for_each() -> None:
    found = judged("shopctl order cancel 1 2 --shop berlin").findings
    assert [f.resource for f in found] == ["order:berlin/1", "order:berlin/2"]
    assert [f.resource for f in judged("shopctl order cancel 1 all").findings][-1] == "orders:1 all"


def test_a_variable_in_front_counts() -> None:
    assert fired("shopctl status", environment=(("SHOP_DEBUG", Word(text="1")),)) == {
        "read",
        "debug",
    }
    preload = (("LD_PRELOAD", Word(text="/tmp/x.so")),)
    assert "guard.environment" in fired("shopctl status", environment=preload)
    assert fired("shopctl status", environment=(("PAGER", Word(text="cat")),)) == {"read"}
    for path, rules in {
        "/usr/local/bin:/usr/bin:/bin": {"read"},
        "/tmp:/usr/bin": {"read", "guard.environment"},
        f"{UNRESOLVED}:/usr/bin": {"read", "guard.environment"},
        "": {"read", "guard.environment"},
    }.items():
        assert fired("shopctl status", environment=(("PATH", Word(text=path)),)) == rules


def test_a_file_of_secrets_is_seen_whatever_the_tool() -> None:
    for text in (
        "shopctl status /etc/shadow",
        "shopctl status --format=@~/.ssh/id_rsa",
        "shopctl order show /var/../etc/shadow",
    ):
        marks = {mark for finding in judged(text).findings for mark in finding.marks}
        assert Mark.READS_SENSITIVE in marks, text


def test_what_lasts_is_marked_when_it_is_changed() -> None:
    (found,) = judged("shopctl order ship /etc/cron.d/shop").findings
    assert found.marks == {Mark.PERSISTS}
    (found,) = judged("shopctl order show /etc/cron.d/shop").findings
    assert not found.marks


def inner(text: str) -> list[str]:
    found = judged(text)
    commands = [" ".join(word.text for word in c.words) for c in found.commands]
    return [text.replace(UNRESOLVED, "?") for text in commands]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("shopctl run ls -l --help", ["ls -l --help"]),
        ("shopctl -v run A=1 B=2 env C=3", ["env C=3"]),
        ("shopctl run", []),
        ("shopctl each --do rm {} x{} ; --do ls ;", ["rm ? x?", "ls"]),
        ("shopctl each --do rm {}", ["rm ?"]),
        ("shopctl each -- rm -rf x", ["rm -rf x"]),
        ("shopctl status ls", []),
    ],
)
def test_commands_behind_a_command(text: str, commands: list[str]) -> None:
    assert inner(text.replace(";", "';'")) == commands


def test_a_command_behind_another_gets_its_environment_and_input() -> None:
    (command,) = judged("shopctl run A=1 ls B=2", stdin=Word(text="x"), fed_by=(CURL,)).commands
    assert command.environment == (("A", Word(text="1")),)
    assert (command.stdin, command.fed_by) == (Word(text="x"), (CURL,))


def test_code_inside_a_command() -> None:
    found = judged("shopctl run --before 'ls /srv' true").code
    assert [(c.language, c.code.text) for c in found] == [("bash", "ls /srv")]
    found = judged("shopctl script x select 1", stdin=Word(text="print(1)")).code
    assert [(c.language, c.code.text) for c in found] == [
        ("python", "print(1)"),
        ("sql", "select 1"),
    ]
    (only,) = judged("shopctl script").code
    assert only.code.text == UNRESOLVED
