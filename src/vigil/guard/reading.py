"""Two readings of a script, which have to agree.

The first is tree-sitter's grammar of bash, which knows everything that bash can say and so can
tell a person what is wrong. The second knows only the plain subset that the guard allows. Where
they differ, one of them is mistaken, and a script that can be misread is not run.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_BASH = Language(tree_sitter_bash.language())

_REFUSED = {
    "ansi_c_string": "a $'...' string; write the text as it is",
    "arithmetic_expansion": "an arithmetic expansion; only literal words can be judged",
    "c_style_for_statement": "a loop; write each call out",
    "case_statement": "a case statement; a script may only be a sequence of commands",
    "command_substitution": "a command substitution; only literal words can be judged",
    "compound_statement": "a group of commands; write them one after the other",
    "concatenation": "a word made of several parts; write it as one plain or quoted word",
    "declaration_command": "a declaration; scripts have no variables",
    "expansion": "an expansion; only literal words can be judged",
    "for_statement": "a loop; write each call out",
    "function_definition": "a function; a script may only be a sequence of commands",
    "heredoc_redirect": "a here-document",
    "if_statement": "a condition; a script may only be a sequence of commands",
    "negated_command": "a negation, which hides a failure",
    "pipeline": "a pipe; a script may only be a sequence of commands",
    "process_substitution": "a process substitution; only literal words can be judged",
    "redirected_statement": "a redirection; print to standard output",
    "simple_expansion": "an expansion; only literal words can be judged",
    "subshell": "a subshell; write the commands one after the other",
    "test_command": "a test; a script may only be a sequence of commands",
    "translated_string": 'a $"..." string; write the text as it is',
    "unset_command": "an unset; scripts have no variables",
    "variable_assignment": "an assignment; scripts have no variables",
    "while_statement": "a loop; write each call out",
    "||": "'||', which hides a failure",
    "&": "a command in the background, which nobody waits for",
}
# What the subset is made of. "\n" and ";" end commands.
_ALLOWED = frozenset(
    {"program", "list", "command", "command_name", "word", "number", "raw_string", "string"}
    | {"string_content", "comment", "&&", ";", "\n", '"'}
)
_LITERALS = frozenset({"word", "number", "raw_string", "string"})

# A word ends where the next blank or operator begins, so none is made of several parts.
_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)
      | (?P<comment>\#.*)
      | (?P<end>&&|;)
      | (?P<word>(?:[A-Za-z0-9_@%+=:,./-]+ | '[^']*' | "[^"\\$`!]*")(?=[ \t;&]|$))
    """,
    re.VERBOSE,
)


class Command(NamedTuple):
    """One simple command of literal words, quotes removed; lines count from 1."""

    line: int
    words: tuple[str, ...]


class Obstacle(NamedTuple):
    """Something that keeps the guard from knowing what a script does."""

    line: int
    reason: str


class Reading(NamedTuple):
    """A script as its commands, and what stood in the way of reading it."""

    commands: tuple[Command, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()


def read(script: str) -> Reading:
    """Read a script of printable ASCII, blanks and newlines."""
    root = Parser(_BASH).parse(script.encode("ascii")).root_node
    nodes = tuple(_nodes(root))
    obstacles = tuple(_obstacles(nodes, broken=root.has_error))
    if obstacles:
        return Reading(obstacles=obstacles)
    grammar = tuple(_command(node) for kind, node in nodes if kind == "command")
    plain = read_plain(script)
    if isinstance(plain, Obstacle):
        return Reading(commands=grammar, obstacles=(plain,))
    if plain != grammar:
        line = next((a.line for a, b in zip(grammar, plain, strict=False) if a != b), 1)
        reason = "a command that can be read in two ways; write plain words separated by blanks"
        return Reading(commands=grammar, obstacles=(Obstacle(line=line, reason=reason),))
    return Reading(commands=grammar)


def _nodes(root: Node) -> Iterator[tuple[str, Node]]:
    """Each node behind its type, in the order of the text; what is refused is not looked into."""
    # Not recursive: `a && a && ...` nests as deep as the script is long.
    pending = [root]
    while pending:
        node = pending.pop()
        kind = node.type
        yield kind, node
        if kind not in _REFUSED and node.child_count:
            pending.extend(reversed(node.children))


def _obstacles(nodes: Iterable[tuple[str, Node]], *, broken: bool) -> Iterator[Obstacle]:
    """``broken``: whether any of them is an error."""
    for kind, node in nodes:
        if broken and (node.is_error or node.is_missing):
            yield _obstacle(node, "something that is not well-formed bash; correct it")
        elif kind in _REFUSED:
            yield _obstacle(node, _REFUSED[kind])
        elif kind not in _ALLOWED:
            yield _obstacle(node, f"something that scripts may not contain: {kind}")


def _obstacle(node: Node, reason: str) -> Obstacle:
    return Obstacle(line=node.start_point.row + 1, reason=reason)


def _command(node: Node) -> Command:
    words = [
        part.children[0] if part.type == "command_name" and part.children else part
        for part in node.children
    ]
    return Command(
        line=node.start_point.row + 1,
        words=tuple(_literal(word) for word in words if word.type in _LITERALS),
    )


def _literal(node: Node) -> str:
    return _unquoted((node.text or b"").decode("ascii"))


def _unquoted(text: str) -> str:
    return text[1:-1] if text[:1] in {"'", '"'} else text


def read_plain(script: str) -> tuple[Command, ...] | Obstacle:
    """The second reading alone: words, blanks, comments, and what ends a command; nothing else."""
    commands: list[Command] = []
    for line, text in enumerate(script.split("\n"), start=1):
        found = _plain_line(line, text)
        if isinstance(found, Obstacle):
            return found
        commands += found
    return tuple(commands)


def _plain_line(line: int, text: str) -> list[Command] | Obstacle:
    commands: list[Command] = []
    words: list[str] = []
    operator, at = "", 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return Obstacle(line=line, reason=f"text that is not plain words: {text[at:][:20]!r}")
        if token.lastgroup == "word":
            words.append(_unquoted(token.group()))
        elif token.lastgroup == "end":
            if not words:
                break
            commands.append(Command(line=line, words=tuple(words)))
            words, operator = [], token.group()
        at = token.end()
    if at < len(text) or (operator == "&&" and not words):
        return Obstacle(line=line, reason="an operator with no command beside it on its line")
    return commands + [Command(line=line, words=tuple(w)) for w in [words] if w]
