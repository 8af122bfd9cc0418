"""A runbook file: Markdown with front matter in, a runbook out, or every mistake at once.

How such a file is written is described in ``docs/how-to/write-a-runbook.md``. What the front
matter's YAML says is handed in with its lines, so that nothing here depends on a YAML library.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError

from vigil.domain.effects import Risk
from vigil.domain.evidence import UNSEEN
from vigil.domain.hypothesis import FailureType
from vigil.domain.parameters import ITEM, PARAMETERS, leftovers_in, names_in
from vigil.domain.runbook import ONE, SEVERAL, Check, Runbook, Step
from vigil.domain.runbook_markdown import Source, StepSource, steps, unclosed
from vigil.domain.value import Name, Value
from vigil.domain.verbs import VERBS
from vigil.domain.verbs.base import NAME

MAX_BYTES = 65_536
"""Of one file; a longer one is not a page that somebody reads at night."""

SCRIPT, UNDO, EXAMPLE = "bash", "bash undo", "text"
"""How code blocks of a step are marked; examples are for people only."""

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ATTRIBUTES = ("verbs", "raw", "for_each", "no_undo")
_GRANT = re.compile(NAME)


class Mistake(Value):
    """Something wrong in a file of the knowledge base, where, and what to do about it."""

    path: str
    line: int
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}; {self.remedy}"


class FrontMatter(Value):
    """What the YAML says, and the line of each of its places (``("checks", 0, "finding")``)."""

    data: Any
    lines: dict[tuple[str | int, ...], int] = {}

    def line(self, place: Sequence[str | int]) -> int:
        """The line of a place, or of the nearest one around it."""
        around = (tuple(place[:length]) for length in range(len(place), 0, -1))
        return next((self.lines[p] for p in around if p in self.lines), 1)


class Parsed(Value):
    """A runbook with the line of each of its steps, or the mistakes that keep it from being one."""

    runbook: Runbook | None
    step_lines: tuple[int, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


class _Front(Value):
    id: str | None = None
    title: str = Field(min_length=1, max_length=200)
    service: tuple[str, ...] = Field(min_length=1)
    failure_types: tuple[FailureType, ...] = Field(min_length=1)
    severity: tuple[Literal["critical", "high", "low"], ...] = ()
    keywords: tuple[str, ...] = ()
    risk_level: Risk
    checks: tuple[Check, ...] = Field(min_length=1)
    verify: Literal["symptom"] = "symptom"
    verify_with: tuple[Name, ...] = Field(default=(), max_length=10)


def parse(path: str, stem: str, source: Source, front: FrontMatter) -> Parsed:
    """The runbook of one file; ``stem`` (the file's name without ``.md``) is its id."""
    facts = _facts(path, front)
    written = steps(source)
    mistakes = [
        *_identity(path, stem, front),
        *(facts if isinstance(facts, list) else _check_mistakes(path, front, facts.checks)),
        *_body_mistakes(path, source, written),
    ]
    if mistakes or isinstance(facts, list):
        return Parsed(runbook=None, mistakes=tuple(sorted(mistakes, key=lambda m: m.line)))
    runbook = Runbook(
        **facts.model_dump(exclude={"id"}),
        id=stem,
        steps=tuple(_step(step) for step in written),
        body=source.body.strip(),
        path=path,
    )
    return Parsed(runbook=runbook, step_lines=tuple(step.line for step in written))


def _identity(path: str, stem: str, front: FrontMatter) -> Iterator[Mistake]:
    if _ID.fullmatch(stem) is None:
        yield Mistake(
            path=path,
            line=1,
            text=f"the file's name {stem!r} is the runbook's id and not a good one",
            remedy="use small letters, digits and dashes",
        )
    given = front.data.get("id") if isinstance(front.data, dict) else None
    if given is not None and given != stem:
        yield Mistake(
            path=path,
            line=front.line(("id",)),
            text=f"the id {given!r} differs from the file's name {stem!r}",
            remedy="leave the id out, or rename the file",
        )


def _facts(path: str, front: FrontMatter) -> _Front | list[Mistake]:
    try:
        return _Front.model_validate(front.data)
    except ValidationError as error:
        return [_front_mistake(path, front, dict(each)) for each in error.errors()]


def _front_mistake(path: str, front: FrontMatter, error: Mapping[str, Any]) -> Mistake:
    place = tuple(part for part in error["loc"] if part not in (ONE, SEVERAL))
    name = ".".join(str(part) for part in place) or "the front matter"
    said = str(error["msg"])
    if error["type"] == "missing":
        text, remedy = f"{name} is missing", "add it to the front matter"
    elif error["type"] == "extra_forbidden":
        known = ", ".join((Check if place[0] == "checks" else _Front).model_fields)
        text, remedy = f"{name} is not a known key", f"correct or remove it; known here: {known}"
    else:
        text = f"{name} is {str(error.get('input'))[:60]!r}"
        remedy = said.replace("Input", "it").replace("tuple", "list")
    return Mistake(path=path, line=front.line(place), text=text, remedy=remedy)


def _check_mistakes(path: str, front: FrontMatter, checks: Sequence[Check]) -> Iterator[Mistake]:
    for number, check in enumerate(checks):
        line = front.line(("checks", number))
        if any(check.id == other.id for other in checks[:number]):
            text = f"a second check has the id {check.id!r}"
            yield Mistake(path=path, line=line, text=text, remedy="rename one")
        for finding in UNSEEN.intersection(check.findings):
            text = f"the check {check.id!r} can never pass: nobody looks for {str(finding)!r}"
            yield Mistake(path=path, line=line, text=text, remedy="name what should be seen")


def _body_mistakes(path: str, source: Source, written: Sequence[StepSource]) -> Iterator[Mistake]:
    open_block = unclosed(source)
    if open_block is not None:
        text, remedy = "a code block is not closed", "close it with the marks that opened it"
        yield Mistake(path=path, line=open_block, text=text, remedy=remedy)
    if not written:
        yield Mistake(
            path=path,
            line=source.body_line,
            text="there are no remediation steps",
            remedy="write `## Remediation` and below it one `### Title` for each step",
        )
    for step in written:
        for line, text, remedy in (
            *_attribute_mistakes(step),
            *_block_mistakes(step),
            *_parameter_mistakes(step),
        ):
            yield Mistake(path=path, line=line, text=f"step '{step.title}': {text}", remedy=remedy)


def _attribute_mistakes(step: StepSource) -> Iterator[tuple[int, str, str]]:
    names = [attribute.name for attribute in step.attributes]
    for attribute in step.attributes:
        if attribute.name not in _ATTRIBUTES:
            known = ", ".join(_ATTRIBUTES)
            yield attribute.line, f"'{attribute.name}' is not known", f"known: {known}"
        elif names.count(attribute.name) > 1:
            yield attribute.line, f"'{attribute.name}' is given twice", "keep one"
        elif not attribute.value:
            yield attribute.line, f"'{attribute.name}' is empty", "write it, or remove the line"
    yield from _grant_mistakes(step)
    repeated = _value(step, "for_each")
    lists = [name for name, parameter in PARAMETERS.items() if parameter.many]
    if repeated is not None and repeated not in lists:
        yield step.line, f"for_each cannot be '{repeated}'", f"use one of: {', '.join(lists)}"


def _grant_mistakes(step: StepSource) -> Iterator[tuple[int, str, str]]:
    verbs, raw = _listed(step, "verbs"), _listed(step, "raw")
    if not verbs and not raw:
        yield step.line, "it names no verbs", "add `- verbs: ` with the verbs that it calls"
    for verb in verbs:
        if verb not in VERBS:
            yield step.line, f"the verb '{verb}' is not known", f"known: {', '.join(VERBS)}"
    for name in raw:
        if _GRANT.fullmatch(name) is None:
            text = f"{name!r} cannot be the name of a raw grant"
            yield step.line, text, "name one of `raw_grants:` in vigil.yaml"


def _block_mistakes(step: StepSource) -> Iterator[tuple[int, str, str]]:
    infos = [block.info for block in step.blocks]
    for block in step.blocks:
        if block.info not in (SCRIPT, UNDO, EXAMPLE):
            text = f"a code block is marked {block.info!r}"
            yield block.line, text, f"mark it `{SCRIPT}`, `{UNDO}` or, for people, `{EXAMPLE}`"
    if infos.count(SCRIPT) != 1:
        text = f"it has {infos.count(SCRIPT)} scripts"
        yield step.line, text, f"give each step exactly one code block marked `{SCRIPT}`"
    undone = infos.count(UNDO) + (_value(step, "no_undo") is not None)
    if undone == 0:
        remedy = f"add a code block marked `{UNDO}`, or `- no_undo: ` and why there is none"
        yield step.line, "nothing says how to undo it", remedy
    elif undone > 1:
        text = "it says more than once how to undo it"
        yield step.line, text, f"keep one block marked `{UNDO}` or the line `- no_undo:`"


def _parameter_mistakes(step: StepSource) -> Iterator[tuple[int, str, str]]:
    repeated = _value(step, "for_each") is not None
    known = [*PARAMETERS, *([ITEM] if repeated else [])]
    for line, text in ((step.line, step.title), *((b.line, b.text) for b in step.blocks)):
        for name in names_in(text):
            if name == ITEM and not repeated:
                yield line, "'{{item}}' has no list", "add `- for_each: ` and a list parameter"
            elif name not in known:
                yield line, f"there is no parameter '{name}'", f"known: {', '.join(known)}"
        if leftovers_in(text):
            yield line, "braces that are no parameter", "write parameters as {{name}}"


def _value(step: StepSource, name: str) -> str | None:
    return next((a.value for a in step.attributes if a.name == name and a.value), None)


def _listed(step: StepSource, name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in (_value(step, name) or "").split(",") if part.strip())


def _step(step: StepSource) -> Step:
    blocks = {block.info: block.text for block in step.blocks}
    return Step(
        title=step.title,
        script=blocks[SCRIPT],
        verbs=_listed(step, "verbs"),
        for_each=_value(step, "for_each"),
        undo=blocks.get(UNDO),
        no_undo=_value(step, "no_undo"),
        raw=_listed(step, "raw"),
    )


def twice_used(runbooks: Iterable[Runbook]) -> Iterator[Mistake]:
    """Runbooks of one knowledge base that have the same id."""
    first: dict[str, str] = {}
    for runbook in runbooks:
        if runbook.id in first:
            yield Mistake(
                path=runbook.path,
                line=1,
                text=f"the id {runbook.id!r} is that of {first[runbook.id]} too",
                remedy="rename one of the files",
            )
        first.setdefault(runbook.id, runbook.path)
