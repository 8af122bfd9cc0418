"""The words of a command told apart as its tool would: options, their values, operands, verb."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vigil.guard.program import UNRESOLVED, Word
from vigil.guard.rule import Rule
from vigil.guard.rule_text import MOST_WORDS, Verb
from vigil.guard.tools import Tool

LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Given:
    """One option as it was given."""

    name: str
    value: Word | None = None
    command: tuple[Word, ...] = ()
    """The words up to its end, for an option that is followed by a command."""


@dataclass(slots=True)
class Arguments:
    """The words behind the name of a tool, told apart."""

    options: list[Given] = field(default_factory=list)
    operands: list[Word] = field(default_factory=list)
    after: tuple[Word, ...] | None = None
    """What stands behind ``--``."""
    unlisted: list[tuple[str, int]] = field(default_factory=list)
    """Options that are in no list and no rule of the tool, and at which operand they stand."""
    vague: bool = False
    """Some word may be any option: only a run could tell."""
    verb: tuple[Word, ...] = ()
    astray: str | None = None
    """An unlisted option: if the word behind it is its value, the verb is another one."""
    front: int | None = None
    """How many operands there were when the rest turned out to be a command of its own."""
    lines: Sequence[str] = ()
    """The first operand, the first two on lines of their own, and so on, as far as known."""

    @property
    def rest(self) -> list[Word]:
        """The operands behind the verb."""
        return self.operands[len(self.verb) :]

    def given(self, name: str) -> Iterator[Given]:
        """Every time that an option was given."""
        return (option for option in self.options if option.name == name)


def tell_apart(tool: Tool, words: Sequence[Word]) -> Arguments:
    """The arguments of a command; ``words`` are those behind its name."""
    found = Arguments()
    at = 0
    while at < len(words):
        text = words[at].text
        if text == "--" and found.after is None:
            found.after = tuple(words[at + 1 :])
            found.operands.extend(words[at + 1 :])
            found.options.append(Given("--"))
            break
        if (text[:1] == "-" and len(text) > 1) or (text[:1] == "+" and text in tool.known):
            at = _option(tool, words, at, found)
            continue
        if text[:1] == UNRESOLVED:
            found.vague = True
        found.operands.append(words[at])
        at += 1
        if tool.options.stops or (tool.fronts and _begins_a_command(tool, found.operands)):
            found.front = len(found.operands)
            found.operands.extend(words[at:])
            break
    found.lines = _lines(found.operands)
    found.verb = _verb(tool, found.operands)
    found.astray = next(_astray(tool, found), None)
    return found


def _astray(tool: Tool, found: Arguments) -> Iterator[str]:
    for name, place in found.unlisted:
        if place < min(len(found.operands), tool.verb_words):
            others = found.operands[:place] + found.operands[place + 1 :]
            if _verb(tool, others) != found.verb:
                yield name


def _option(tool: Tool, words: Sequence[Word], at: int, found: Arguments) -> int:
    """Read the option at this place; the place behind it and its value."""
    text = words[at].text
    name, equals, value = text.partition("=")
    if UNRESOLVED in name and not _known_letter(tool, text, found):
        found.vague = True
        return at + 1
    if not equals and text in tool.until:
        return _with_command(tool, words, at, found)
    if name in tool.known or name.startswith("--"):
        names = _meant(tool, name)
        if equals:
            found.options += [Given(n, Word(text=value)) for n in names]
            at += 1
        elif any(_valued(tool, n, found) for n in names):
            behind = words[at + 1] if at + 1 < len(words) else None
            found.options += [Given(n, behind) for n in names]
            at += 2
        else:
            found.options += [Given(n) for n in names]
            at += 1
        if not names:
            _unlisted(name, found, value=_path(value, equals))
        return at
    if _known_letter(tool, text, found) or tool.options.clusters:
        return _letters(tool, words, at, found)
    _unlisted(name, found, value=_path(value, equals))
    return at + 1


def _known_letter(tool: Tool, text: str, found: Arguments) -> bool:
    """Whether a word is an option of one letter with its value attached."""
    return text[1:2] != "-" and _valued(tool, text[:2], found)


def _valued(tool: Tool, name: str, found: Arguments) -> bool:
    """Whether an option takes a value, under the verb that has been read so far."""
    for of in tool.options.by_verb:
        if name in of.valued or name in of.plain:
            for verb in of.verbs:
                if fits_verb(verb, found.operands):
                    return name in of.valued
    return name in tool.valued


def _meant(tool: Tool, name: str) -> tuple[str, ...]:
    """The options that a name stands for: itself, or all that begin with it."""
    if name in tool.known:
        return (name,)
    if not tool.options.clusters and name[1:] in tool.known:
        # Where one dash begins long names, as in programs of Go, two mean the same.
        return (name[1:],)
    return tuple(long for long in tool.long if long.startswith(name))


def _path(value: str, equals: str) -> Word | None:
    """What stands behind ``=``, where it may be the name of a file."""
    return Word(text=value if "/" in value else "") if equals else None


def _unlisted(
    name: str, found: Arguments, *, value: Word | None = None, alone: bool = True
) -> None:
    """Note an option that nobody knows; ``alone`` without a value: the next word may be it."""
    found.options.append(Given(name, value))
    alone = alone and value is None
    found.unlisted.append((name, len(found.operands) if alone else sys.maxsize))


def _letters(tool: Tool, words: Sequence[Word], at: int, found: Arguments) -> int:
    text = words[at].text
    for place, letter in enumerate(text[1:LONGEST_NAME], start=1):
        name = f"-{letter}"
        if letter == UNRESOLVED:
            found.vague = True
        elif _valued(tool, name, found):
            attached = text[place + 1 :].removeprefix("=")
            if attached:
                found.options.append(Given(name, Word(text=attached)))
                return at + 1
            found.options.append(Given(name, words[at + 1] if at + 1 < len(words) else None))
            return at + 2
        elif name in tool.options.attached:
            value = text[place + 1 :]
            found.options.append(Given(name, Word(text=value) if value else None))
            return at + 1
        elif name in tool.known:
            found.options.append(Given(name))
        else:
            _unlisted(name, found, alone=place == len(text) - 1)
    if len(text) > LONGEST_NAME:
        # What is not looked at may be any letter.
        found.vague = True
    return at + 1


def _with_command(tool: Tool, words: Sequence[Word], at: int, found: Arguments) -> int:
    name = words[at].text
    ends = tool.until[name]
    end = at + 1
    while end < len(words) and words[end].text not in ends:
        end += 1
    found.options.append(Given(name, command=tuple(words[at + 1 : end])))
    return end + 1


def _begins_a_command(tool: Tool, operands: Sequence[Word]) -> bool:
    """Whether the newest operand is the first word of a command that the tool runs."""
    return any(
        begins == len(operands)
        for rule, first, skip in tool.fronts
        # One more that is skipped begins nothing; to count them all again each time takes long.
        if not (first == 1 and skip is not None and skip.fullmatch(operands[-1].text))
        and (begins := front_of(rule, first, skip, operands)) is not None
    )


def front_of(
    rule: Rule, first: int, skip: re.Pattern[str] | None, operands: Sequence[Word]
) -> int | None:
    """At which operand (the first is 1) the command of a rule begins; None: not under this verb."""
    verb = _longest(rule.together, _lines(operands)) if rule.verb else 0
    if rule.verb and verb == 0:
        return None
    skipped = 0
    if skip is not None:
        for word in operands[verb:]:
            if skip.fullmatch(word.text) is None:
                break
            skipped += 1
    return verb + skipped + first


def _verb(tool: Tool, operands: Sequence[Word]) -> tuple[Word, ...]:
    """The leading operands that the longest fitting verb of any rule has; else the first one."""
    longest = _longest(tool.together, _lines(operands))
    return tuple(operands[: longest or min(1, tool.verb_words)])


def _longest(verbs: Mapping[int, re.Pattern[str]], lines: Sequence[str]) -> int:
    for length, wanted in verbs.items():
        if length <= len(lines) and wanted.fullmatch(lines[length - 1]):
            return length
    return 0


def _lines(operands: Sequence[Word]) -> Sequence[str]:
    lines: list[str] = []
    for word in operands[:MOST_WORDS]:
        if not word.exact or "\n" in word.text:
            break
        lines.append(f"{lines[-1]}\n{word.text}" if lines else word.text)
    return lines


def fits_verb(verb: Verb, operands: Sequence[Word]) -> bool:
    """Whether the leading operands are this verb; one that is not known is none."""
    return len(verb) <= len(operands) and all(map(fits_word, verb, operands))


def fits_word(wanted: str | re.Pattern[str], word: Word) -> bool:
    """Whether a word is this part of a verb for certain."""
    if isinstance(wanted, str):
        return wanted == word.text
    return word.exact and wanted.fullmatch(word.text) is not None
