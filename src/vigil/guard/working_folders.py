"""Commands behind ``cd``: what their relative names of files mean in the folders a script goes to.

It is not known which words of a command are names of files, nor whether ``cd`` went well. So what a
command does by its words as they are stands, and what is worse with a folder in front is added.
"""

import re
from collections.abc import Iterator, Sequence
from posixpath import basename

from vigil.domain.effects import EffectKind
from vigil.guard.findings import Finding
from vigil.guard.matching import judge_command
from vigil.guard.program import UNRESOLVED, Command, Word
from vigil.guard.tools import Tools

_NO_NAME = re.compile(r"[-~/+].*|.*://.*|\d+|", re.DOTALL)
_ASSIGNED = re.compile(r"((?:if|of|file|path)=)([^/].*)", re.DOTALL)


def judge_in_folders(
    command: Command, folders: Sequence[str], tools: Tools, found: Sequence[Finding]
) -> Iterator[Finding]:
    """What the command does in these folders that is worse than what was found so far."""
    tool = tools.named(basename(command.words[0].text)) if command.words and folders else None
    if tool is None or not tool.files:
        return
    worst = max((finding.kind.rank for finding in found), default=0)
    marks = {mark for finding in found for mark in finding.marks}
    for folder in folders:
        moved = _moved(command, folder, tool.verb_words)
        if moved.words == command.words:
            # No word of it is a relative name, so no other folder changes what it means either.
            return
        for finding in judge_command(moved, tools).findings:
            worse = finding.kind is not EffectKind.UNKNOWN and finding.kind.rank > worst
            if worse or finding.marks - marks:
                yield finding


def _moved(command: Command, folder: str, verb_words: int) -> Command:
    """The command with the folder in front of each word that may be a name of a file."""
    words, left = [command.words[0]], verb_words
    for word in command.words[1:]:
        verb = left > 0 and word.text[:1] != "-"
        left -= verb
        words.append(word if verb else _in(folder, word))
    return command._replace(words=tuple(words))


def _in(folder: str, word: Word) -> Word:
    assigned = _ASSIGNED.fullmatch(word.text)
    if assigned is not None:
        return Word(text=f"{assigned[1]}{folder}/{assigned[2]}")
    if word.text[:1] == UNRESOLVED or _NO_NAME.fullmatch(word.text):
        return word
    return Word(text=f"{folder.rstrip('/')}/{word.text}")
