"""The Markdown of a runbook: its front matter's text and its remediation steps, as written.

Only what steps are made of is read: headings, code blocks, and `- name: value` below a step's
heading. Everything else is prose for people.
"""

import re
from collections.abc import Iterator

from vigil.domain.value import Value

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*(.*?)\s*")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
_ATTRIBUTE = re.compile(r"[-*]\s+([a-z][a-z_-]*):\s*(.*?)\s*")
_REMEDIATION = "remediation"
_SECTION_LEVEL = 2
_STEP_LEVEL = 3


class Source(Value):
    """The two parts of a file; lines count from 1 in the whole file."""

    front: str
    body: str
    body_line: int


class Block(Value):
    """A fenced code block: where it begins, its info string, what is in it."""

    line: int
    info: str
    text: str
    closed: bool = True


class Attribute(Value):
    """One `- name: value` of a step."""

    line: int
    name: str
    value: str


class StepSource(Value):
    """A step as written."""

    title: str
    line: int
    attributes: tuple[Attribute, ...] = ()
    blocks: tuple[Block, ...] = ()


class _Heading(Value):
    line: int
    level: int
    text: str


def split(text: str) -> Source | None:
    """Front matter and body; None when the file does not begin with front matter."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return None
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return Source(
                front="\n".join(lines[1:number]),
                body="\n".join(lines[number + 1 :]),
                body_line=number + 2,
            )
    return None


def steps(source: Source) -> tuple[StepSource, ...]:
    """Each `###` below `## Remediation` with what belongs to it."""
    found: list[StepSource] = []
    remediation = in_step = False
    for piece in _pieces(source):
        if isinstance(piece, _Heading):
            if piece.level <= _SECTION_LEVEL:
                remediation = piece.text.lower() == _REMEDIATION
            in_step = remediation and piece.level >= _STEP_LEVEL
            if in_step and piece.level == _STEP_LEVEL:
                found.append(StepSource(title=piece.text, line=piece.line))
        elif in_step and found:
            found[-1] = _with(found[-1], piece)
    return tuple(found)


def unclosed(source: Source) -> int | None:
    """The line of a code block that never ends."""
    return next((p.line for p in _pieces(source) if isinstance(p, Block) and not p.closed), None)


def _with(step: StepSource, piece: Block | Attribute) -> StepSource:
    if isinstance(piece, Block):
        return step.model_copy(update={"blocks": (*step.blocks, piece)})
    return step.model_copy(update={"attributes": (*step.attributes, piece)})


def _pieces(source: Source) -> Iterator[_Heading | Block | Attribute]:
    block: Block | None = None
    marker, content = "", list[str]()
    for number, line in enumerate(source.body.split("\n"), start=source.body_line):
        if block is not None:
            end = line.strip()
            if end.startswith(marker) and not end.strip(marker[0]):
                yield block.model_copy(update={"text": "\n".join(content), "closed": True})
                block = None
            else:
                content.append(line)
        elif fence := _FENCE.fullmatch(line):
            marker, content = fence[1], []
            block = Block(line=number, info=fence[2], text="", closed=False)
        elif heading := _HEADING.fullmatch(line):
            yield _Heading(line=number, level=len(heading[1]), text=heading[2])
        elif attribute := _ATTRIBUTE.fullmatch(line):
            yield Attribute(line=number, name=attribute[1], value=attribute[2])
    if block is not None:
        yield block
