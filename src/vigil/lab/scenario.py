"""Scenarios: folders with a `scenario.yaml` and its scripts (format `vigil.scenario/0`)."""

import os
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, StringConstraints, ValidationError

from vigil.lab.errors import LabUsage, ScenarioMistakes
from vigil.lab.names import Value

SHIPPED = Path(__file__).with_name("scenarios")
FILE = "scenario.yaml"
MOST_FOLDERS = 1000
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Count = Annotated[int, Field(ge=0, le=100, strict=True)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Kind(StrEnum):
    FAULT = "fault"
    """Something is broken, and there is a cure that Vigil is expected to find."""
    CONTROL = "control"
    """There is no cure for Vigil to find: nothing is broken, no runbook fits, no probe looks there,
    the cure fails, or somebody else was quicker."""
    LOOK_ALIKE = "look-alike"
    """Something is broken that looks like another fault and must not be taken for it."""


class Part(StrEnum):
    """The parts of the shop; what they are called differs by seed."""

    WEB = "web"
    WORKER = "worker"
    DATABASE = "database"
    CACHE = "cache"
    PROXY = "proxy"


class SentBy(StrEnum):
    RULE = "rule"
    """The lab's alerting sees the symptom in the metrics, as Prometheus would."""
    SCRIPT = "script"
    """The inject script sends it."""
    NOBODY = "nobody"


class Cause(Value):
    failure_type: Word
    component: Part


class AtMost(Value):
    """How much may be done to the shop about it, counted there; what is left out, not once."""

    switches: Count = 0
    """Of the current release."""
    starts: dict[Part, Count] = {}
    """Of the processes of each part, taken together."""
    sessions: Count = 0
    """Database sessions that are ended."""


class Expect(Value):
    """The right end, for a test or a demo to compare with; never shown to Vigil."""

    proof: Literal[
        "verified",
        "not_fixed",
        "regressed",
        "not_executed",
        "false_alarm",
        "nothing_to_check",
    ]
    cause: Cause | None = None
    not_cause: tuple[Word, ...] = ()
    actions: Annotated[str, StringConstraints(pattern=r"^(0|>0)$")]
    at_most: AtMost | None = None
    """No bound where this is left out."""
    rolled_back: bool = False
    """Whether the release at the end is to be the one that the fault left behind."""
    healthy: bool | None = None
    """Whether the shop is well at the end; as the proof says where this is left out."""

    @property
    def ends_healthy(self) -> bool:
        """What the judge is to find at the end."""
        if self.healthy is not None:
            return self.healthy
        return self.proof in ("verified", "false_alarm")


class Alert(Value):
    symptom: Literal["checkout", "catalogue", "fulfilment", "receipt"]
    sent_by: SentBy


class ScenarioFile(Value):
    """What stands in scenario.yaml."""

    schema_: Literal["vigil.scenario/0"] = Field(alias="schema")
    id: Slug
    title: Line
    summary: Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)] = ""
    kind: Kind
    expect: Expect
    inject: Line
    restore: Line
    repair: Line | None = None
    """What somebody else does about it while Vigil waits for an answer."""
    alert: Alert
    timeout_s: Annotated[float, Field(gt=0, le=600)]


class Scenario(Value):
    folder: Path
    file: ScenarioFile

    @property
    def id(self) -> str:
        return self.file.id

    @property
    def inject(self) -> Path:
        return self.folder / self.file.inject

    @property
    def restore(self) -> Path:
        return self.folder / self.file.restore

    @property
    def repair(self) -> Path | None:
        return None if self.file.repair is None else self.folder / self.file.repair


def load_scenarios(folders: Sequence[Path] = ()) -> dict[str, Scenario]:
    """The shipped scenarios and those below these folders; every mistake is reported at once."""
    found: dict[str, Scenario] = {}
    mistakes: list[str] = []
    for folder in _scenario_folders([SHIPPED, *folders], mistakes):
        scenario = _load(folder, mistakes)
        if scenario is None:
            continue
        if scenario.id in found:
            mistakes.append(
                f"{folder / FILE}: id: {scenario.id!r} is taken by {found[scenario.id].folder}"
            )
        found.setdefault(scenario.id, scenario)
    if mistakes:
        raise ScenarioMistakes(mistakes)
    return found


def choose(scenarios: dict[str, Scenario], name: str) -> Scenario:
    if name not in scenarios:
        raise LabUsage(f"no scenario {name!r}: there are {', '.join(sorted(scenarios))}")
    return scenarios[name]


def _scenario_folders(roots: Sequence[Path], mistakes: list[str]) -> Iterator[Path]:
    """A root is a scenario folder itself, or holds some."""
    for root in dict.fromkeys(path.resolve() for path in roots):
        if (root / FILE).exists():
            yield root
            continue
        below = sorted(path.parent for path in root.glob(f"*/{FILE}"))
        if not below:
            mistakes.append(f"{root}: no {FILE} in it or in a folder directly below it")
        yield from below[:MOST_FOLDERS]


def _load(folder: Path, mistakes: list[str]) -> Scenario | None:
    path = folder / FILE
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mistakes.append(f"{path}: not YAML: {' '.join(str(error).split())}")
        return None
    before = len(mistakes)
    _check_scripts(folder, raw, mistakes)
    try:
        file = ScenarioFile.model_validate(_with_text_actions(raw))
    except ValidationError as error:
        for detail in error.errors():
            where = ".".join(str(part) for part in detail["loc"]) or "the file"
            mistakes.append(f"{path}: {where}: {detail['msg']}")
        return None
    return Scenario(folder=folder, file=file) if len(mistakes) == before else None


def _with_text_actions(raw: Any) -> Any:  # noqa: ANN401 - whatever stands in a YAML file
    """`actions: 0` is what a person writes; it is text like `">0"` to the format."""
    if isinstance(raw, dict) and isinstance(raw.get("expect"), dict):
        expect = dict(raw["expect"])
        if expect.get("actions") == 0 and not isinstance(expect.get("actions"), bool):
            expect["actions"] = "0"
        return {**raw, "expect": expect}
    return raw


def _check_scripts(folder: Path, raw: Any, mistakes: list[str]) -> None:  # noqa: ANN401 - see above
    for role in ("inject", "restore", "repair"):
        name = raw.get(role) if isinstance(raw, dict) else None
        if not isinstance(name, str) or not name:
            continue
        script = folder / name
        where = f"{folder / FILE}: {role}:"
        if not script.resolve().is_relative_to(folder.resolve()):
            mistakes.append(f"{where} {name} lies outside the scenario's folder")
        elif not script.is_file():
            mistakes.append(f"{where} there is no {name} in the folder")
        elif not os.access(script, os.X_OK):
            mistakes.append(f"{where} {name} is not executable: chmod +x {script}")
