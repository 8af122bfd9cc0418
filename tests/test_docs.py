"""What is written for people is true and whole: settings, commands, words, links, places."""

import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest
import typer
import yaml
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from tests.support import verb_tables
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from vigil.cli import app
from vigil.cli.policy_cases import ActionCase, Case, ExecutedCase
from vigil.domain.catalogue import (
    Autonomy,
    Catalogue,
    Changes,
    Condition,
    Environment,
    Limits,
    LogSource,
    MetricsSource,
    Outside,
    Processes,
    RemoteRunner,
    Service,
    ServiceKind,
    SessionsSource,
    Symptom,
    Telemetry,
    Watch,
    Work,
)
from vigil.domain.change import Release
from vigil.domain.cost import Budget
from vigil.domain.effects import EffectKind, Risk
from vigil.domain.evidence import Finding
from vigil.domain.hypothesis import FailureType
from vigil.domain.incident import Stage
from vigil.domain.inventory_source import Canary, InventorySource
from vigil.domain.journey import JourneyProbe, JourneyStep, Measure, PageExpectation
from vigil.domain.policy import Policy
from vigil.domain.policy_rules import Bound, Rule, When
from vigil.domain.probe import (
    CommandProbe,
    DnsProbe,
    Expectation,
    HttpProbe,
    HttpStep,
    LogProbe,
    PerformanceProbe,
    Probe,
    ProcessProbe,
    PromqlProbe,
    QueueProbe,
    RedisMeasure,
    RedisProbe,
    SqlProbe,
    TcpProbe,
    TlsProbe,
)
from vigil.domain.probes.dns import Record
from vigil.domain.probes.expected import Expected
from vigil.domain.proof import Outcome
from vigil.domain.raw_grant import RawGrant
from vigil.domain.swarm import SwarmWish
from vigil.domain.verbs import VERBS
from vigil.domain.verbs.config import ConfigKey
from vigil.domain.verbs.flag import Flag
from vigil.domain.verbs.http import Request
from vigil.domain.verdict import Decision
from vigil.domain.window import Day, Hours
from vigil.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
FOLDERS = ("benchmarks", "deploy", "docs", "examples", "runbooks", "src", "tests")
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for name in FOLDERS for page in (ROOT / name).rglob("*.md"))]
)
FENCE = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def ticked(text: str) -> set[str]:
    """Every word that stands in backticks or in a block of code."""
    return set(re.findall(r"[\w.-]+", " ".join(re.findall(r"`[^`]+`", text))))


# --- settings --------------------------------------------------------------------------------


def secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation) or field.annotation is SecretStr


def shown_default(field: FieldInfo) -> str:
    """As text; empty for none, and for one that is made when asked (a folder below home)."""
    plain = field.default is not None and field.default_factory is None
    return str(field.default) if plain else ""


def test_the_example_has_every_setting_and_nothing_else() -> None:
    entry = re.compile(r"^# (.+)\n#([A-Z_]+)=(.*)$", re.MULTILINE)
    text = read(ROOT / ".env.example")
    found = {name: (words, value) for words, name, value in entry.findall(text)}
    expected = {
        name.upper(): (field.description, "" if secret(field) else shown_default(field))
        for name, field in Settings.model_fields.items()
    }
    assert found == expected
    assert len(re.findall(r"^#?[A-Za-z_]+=", text, re.MULTILINE)) == len(found)


def test_the_example_copied_whole_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    (tmp_path / ".env").write_text(read(ROOT / ".env.example"))
    monkeypatch.chdir(tmp_path)
    assert Settings() == Settings(_env_file=None)


def test_the_settings_page_has_every_setting_with_its_default() -> None:
    row = re.compile(r"^\| `([A-Z_]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)
    found = {name: rest for name, *rest in row.findall(read(REFERENCE / "settings.md"))}
    assert set(found) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default, words = found[name.upper()]
        assert words == field.description
        if shown_default(field):
            assert default == f"`{shown_default(field)}`"
        else:
            assert default in {"unset", "empty"} or field.default_factory is not None, name


# --- vigil.yaml and policy.yaml ----------------------------------------------------------------

CATALOGUE_MODELS: tuple[type[BaseModel], ...] = (
    Canary,
    InventorySource,
    *(Catalogue, Watch, Service, RawGrant, Processes, Telemetry, MetricsSource, LogSource, Changes),
    SwarmWish,
    Outside,
    *(SessionsSource, Work, Symptom, Condition, Limits, Release, RemoteRunner),
    *(verb.grant for verb in VERBS.values()),
    *(Flag, ConfigKey, Request),
    *(HttpProbe, HttpStep, Expectation, Expected, TcpProbe, TlsProbe, DnsProbe, RedisProbe),
    *(QueueProbe, SqlProbe, PromqlProbe, LogProbe, PerformanceProbe, ProcessProbe),
    CommandProbe,
    *(JourneyProbe, JourneyStep, PageExpectation, Measure),
)


def first_yaml(page: str) -> object:
    block = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert block is not None
    return yaml.safe_load(block[1])


def test_the_catalogue_page_names_every_key_and_word() -> None:
    page = read(REFERENCE / "vigil-yaml.md")
    Catalogue.model_validate(first_yaml(page))
    keys = {name for model in CATALOGUE_MODELS for name in model.model_fields}
    kinds = (Autonomy, ServiceKind, Environment, RedisMeasure, Record)
    words = {str(member) for kind in kinds for member in kind}
    # Grants are told apart by their verb, which has a row of its own in its table.
    words |= set(VERBS)
    words |= {"http", "tcp", "tls", "dns", "redis", "queue", "sql", "promql", "log"}
    words |= {"process", "performance", "command", "journey"}
    assert keys - {"verb"} | words <= ticked(FENCE.sub("", page))
    first_column = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", page, re.MULTILINE)
    assert set(re.findall(r"\w+", " ".join(first_column))) - keys - words == set()


def test_the_probes_that_are_shown_can_be_looked_through() -> None:
    """Of each kind there is one among them."""
    page = read(ROOT / "docs" / "how-to" / "write-a-probe.md")
    blocks = re.findall(r"```yaml\n(probes:.*?)```", page, re.DOTALL)
    services = [Service.model_validate(yaml.safe_load(block)) for block in blocks]
    shown = {type(probe) for service in services for probe in service.probes.values()}
    assert shown == set(get_args(get_args(Probe)[0]))


def test_the_grants_that_are_shown_can_be_given() -> None:
    blocks = re.findall(r"```yaml\n(grants:.*?)```", read(REFERENCE / "vigil-yaml.md"), re.DOTALL)
    assert blocks
    for block in blocks:
        assert Service.model_validate(yaml.safe_load(block)).grants


@pytest.mark.parametrize("name", verb_tables.TABLES)
def test_the_tables_of_verbs_are_what_the_verbs_declare(name: str) -> None:
    is_now, should = verb_tables.page(name)
    assert is_now == should, "write them anew: make verbs"


def test_the_policy_page_has_every_key_with_its_default() -> None:
    page = read(REFERENCE / "policy-yaml.md")
    Policy.model_validate(first_yaml(page))
    keys, rules = page.split("\n## Rules\n")
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (.+?) \|", keys, re.MULTILINE))
    assert {name: value.strip("`").lower() for name, value in rows.items()} == {
        name: str(field.default).lower() for name, field in Policy.model_fields.items()
    }
    named = re.findall(r"^\| `([a-z_]+)` \|", rules, re.MULTILINE)
    models = (Rule, When, Hours, Budget)
    assert named == [f.alias or name for model in models for name, f in model.model_fields.items()]
    cases = rules.split("\n## Cases\n")[1]
    asked = {name for model in (Case, ActionCase, ExecutedCase) for name in model.model_fields}
    assert asked <= ticked(FENCE.sub("", cases))
    words = {str(each) for kind in (EffectKind, Risk, Decision, Environment, Day) for each in kind}
    assert words | set(Bound.model_fields) <= set(re.findall(r"\w+", rules))


# --- the command line --------------------------------------------------------------------------


def commands(group: TyperGroup, words: str) -> Iterator[tuple[str, TyperCommand]]:
    """Every command that does something, by its full name."""
    for name, below in group.commands.items():
        if isinstance(below, TyperGroup):
            yield from commands(below, f"{words} {name}")
        else:
            assert isinstance(below, TyperCommand)
            yield f"{words} {name}", below


TREE = typer.main.get_command(app)
assert isinstance(TREE, TyperGroup)
COMMANDS = dict(commands(TREE, "vigil"))
CLI_PAGE = read(REFERENCE / "cli.md")


def sections() -> dict[str, str]:
    parts = re.split(r"^### `(vigil [a-z ]+)`$", CLI_PAGE, flags=re.MULTILINE)
    return {
        name: re.split(r"^## ", text, flags=re.MULTILINE)[0]
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_the_page_has_every_command_and_no_other() -> None:
    assert set(sections()) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_has_every_option_of_a_command_and_no_other(name: str) -> None:
    section = sections()[name]
    params = COMMANDS[name].params
    options = {flag for one in params if isinstance(one, TyperOption) for flag in one.opts}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", section)) == options
    required = [one for one in params if isinstance(one, TyperArgument) and one.required]
    assert not required or re.search(rf"`{name} [A-Z]+", section), "how its arguments are given"


def test_the_page_has_the_options_of_vigil_itself() -> None:
    own = {flag for one in TREE.params for flag in one.opts}
    assert own <= ticked(CLI_PAGE)


def test_commands_in_pages_exist() -> None:
    groups = {name.rsplit(" ", 1)[0] for name in COMMANDS if name.count(" ") > 1}
    wrong = []
    for page in PAGES:
        text = read(page)
        blocks = [block[0] for block in FENCE.finditer(text)]
        code = "\n".join([*re.findall(r"`([^`\n]+)`", text), *blocks])
        for first, second in re.findall(r"\bvigil ([a-z]+)(?: ([a-z]+))?", code):
            known = f"vigil {first}" in COMMANDS or f"vigil {first} {second}" in COMMANDS
            if not known and not (f"vigil {first}" in groups and not second):
                wrong.append((str(page.relative_to(ROOT)), first, second))
    assert wrong == []


def test_make_targets_in_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", read(ROOT / "Makefile"), re.MULTILINE))
    named = {
        str(page.relative_to(ROOT)): set(
            re.findall(r"(?:`|^)make ([a-z][a-z-]*)", read(page), re.MULTILINE)
        )
        for page in PAGES
    }
    assert {"demo", "test"} <= named["README.md"]
    assert {name: found - targets for name, found in named.items() if found - targets} == {}


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Stage, Outcome, FailureType, Finding])
def test_the_glossary_says_what_each_member_means(kind: type[StrEnum]) -> None:
    heading = {"Stage": "Stages", "Outcome": "Outcomes", "FailureType": "Failure types"}
    title = heading.get(kind.__name__, "Findings")
    whole = re.compile(rf"^## {title}$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    section = whole.search(read(ROOT / "GLOSSARY.md"))
    assert section is not None
    rows = re.findall(r"^\| `(\w+)` \| .*\w.* \|$", section[1], re.MULTILINE)
    assert sorted(rows) == sorted(str(member) for member in kind)


def test_the_glossary_names_modules_that_are_there() -> None:
    named = set(
        re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?|[a-z_]+\.py)`", read(ROOT / "GLOSSARY.md"))
    )
    elsewhere = {"runbooks/", "src/", "src/vigil/"}
    assert len(named) > len(elsewhere)
    assert {n for n in named - elsewhere if not (ROOT / "src" / "vigil" / n).exists()} == set()


# --- links and places ----------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """As GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", read(page)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", read(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


def test_no_page_names_a_place_of_one_machine_or_an_index() -> None:
    """`test_foundation` looks for this machine's own places in every file; this for others'."""
    place = re.compile(
        r"(?<![\w.])/(?:home|root|work|Users)/[\w.-]+|--(?:extra-)?index-url[ =]\S+"
        r"|https?://\S+/simple\b|C:\\\\Users"
    )
    files = [
        *PAGES,
        *(ROOT / "requirements").iterdir(),
        *(ROOT / "scripts").iterdir(),
        *(ROOT / name for name in (".env.example", "Makefile", "pyproject.toml")),
        *(p for p in (ROOT / "src").rglob("*") if p.suffix in {".py", ".yaml", ".sh", ".html"}),
    ]
    found = [
        (str(path.relative_to(ROOT)), hit[0])
        for path in files
        if path.is_file()
        for hit in place.finditer(read(path))
    ]
    assert found == []


# --- decisions -----------------------------------------------------------------------------------


def test_decisions_are_dated_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(p for p in folder.glob("*.md") if p.name != "README.md")
    assert pages
    listed = re.findall(r"\]\(([\w-]+\.md)\)", read(folder / "README.md"))
    assert sorted(listed) == [page.name for page in pages]
    for page in pages:
        dated = re.match(r"# .+\n\nDate: (\d{4}-\d\d-\d\d)\n", read(page))
        assert dated, f"{page.name} has to begin with a title and a line 'Date: YYYY-MM-DD'"
        assert page.name.startswith(date.fromisoformat(dated[1]).isoformat())
