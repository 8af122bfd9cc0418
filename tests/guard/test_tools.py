"""Every rule file: it can be read, and each of its examples is judged as it says.

docs/how-to/add-a-tool.md says what each field means. One file alone: ``-k NAME``.
"""

import shlex
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from vigil.domain.errors import SettingsError
from vigil.guard.matching import judge_command
from vigil.guard.program import Command, Span, Word
from vigil.guard.shell import read_shell
from vigil.guard.tools import Tool, Tools
from vigil.tool_files import load_tool, load_tools, shipped

FILES = shipped()


@cache
def _tool(path: Path) -> Tool:
    try:
        return load_tool(path)
    except SettingsError as error:
        pytest.fail(str(error), pytrace=False)


def _commands(code: str) -> list[Command]:
    """One command of plain words; where it is fed, all of them as bash reads them."""
    words = shlex.split(code)
    if {"|", "<"} & set(words):
        return list(read_shell(code).commands)
    span = Span(line=1, start=0, end=len(code))
    return [Command(words=tuple(Word(text=word) for word in words), span=span)]


def _fired(code: str, tools: Tools) -> set[str]:
    waiting, fired = _commands(code), set[str]()
    while waiting:
        judged = judge_command(waiting.pop(), tools)
        fired |= {finding.rule for finding in judged.findings}
        waiting += judged.commands
    return fired


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_example_is_judged_as_the_file_says(path: Path) -> None:
    tool = _tool(path)
    tools = Tools.of(tool)
    wrong = list(
        chain.from_iterable(
            [
                *(
                    f"{rule.id} should fire: {code} (did: {fired})"
                    for code in rule.yes
                    if f"{tool.tool}.{rule.id}" not in (fired := _fired(code, tools))
                ),
                *(
                    f"{rule.id} should not fire: {code}"
                    for code in rule.no
                    if f"{tool.tool}.{rule.id}" in _fired(code, tools)
                ),
            ]
            for rule in tool.rules
        )
    )
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_rule_has_an_example_of_its_own(path: Path) -> None:
    bare = [rule.id for rule in _tool(path).rules if not rule.yes]
    if bare:
        pytest.fail(f"no `yes:` in {', '.join(bare)}", pytrace=False)


@cache
def _all() -> Tools:
    return load_tools()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_names_stand_at_its_top_and_are_its_own(path: Path) -> None:
    tool = _tool(path)
    assert tool.tool == path.stem
    known = _all()
    taken = [name for name in (tool.tool, *tool.also) if known.named(name) != tool]
    if taken:
        pytest.fail(f"other files name these as well: {', '.join(taken)}", pytrace=False)
