"""The commands that set variables and positional parameters by name."""

from typing import TYPE_CHECKING

from vigil.guard.program import UNRESOLVED
from vigil.guard.shell.branches import Status
from vigil.guard.shell.call import Call
from vigil.guard.shell.expansion.splitting import Field, runs_something
from vigil.guard.shell.grammar.tree import Assignment
from vigil.guard.shell.output.printing import formatted_text
from vigil.guard.shell.state import Array, Variable
from vigil.guard.shell.whole import whole

_UNUSUAL = frozenset({"+B", "-k", "braceexpand", "keyword", "posix"})
"""Settings by which words mean something else than is said here."""

if TYPE_CHECKING:
    from vigil.guard.shell.simple import Shell


def declare(shell: "Shell", call: Call) -> Status:
    names = [word.partition("=")[0] for word in call.texts if word[:1] not in {"-", "+"}]
    flags = {letter for word in call.texts if word[:1] == "-" for letter in word[1:]}
    unclear = any(word.loose for word in call.words) or any(UNRESOLVED in name for name in names)
    if unclear or any(runs_something(text) for text in call.texts):
        shell.hidden("a declaration")
    if unclear or (call.name == "local" and not shell.in_function):
        call.note(tuple(shell.assign(assignment) for assignment in call.assignments))
        shell.state.forget()
        return None
    if flags & {"f", "F", "p"}:
        call.note()
        return None
    # All values are those from before: local x=$x takes what x was outside.
    assigned = [_assigned(shell, assignment, flags) for assignment in call.assignments]
    for name in (*names, *(assignment.name for assignment in call.assignments)):
        _attributes(shell, call, name.removesuffix("+").partition("[")[0], flags)
    for word in call.texts:
        name, equals, value = word.partition("=")
        if equals and word[:1] != "-":
            shell.set(name.removesuffix("+"), UNRESOLVED if name.endswith("+") else value)
    for assignment, (_, variable) in zip(call.assignments, assigned, strict=True):
        shell.state.assign(assignment.name, variable)
    if call.name == "readonly" or "r" in flags:
        _fix(shell, call, (*names, *(assignment.name for assignment in call.assignments)))
    call.note(tuple(text for text, _ in assigned))
    return True


def _assigned(shell: "Shell", assignment: Assignment, flags: set[str]) -> tuple[str, Variable]:
    """An assignment as text, and what it makes of its variable, which stays as it was."""
    name = assignment.name
    outside = shell.kept([name])
    if "A" in flags and not isinstance(outside[name], Array):
        shell.state.assign(name, Array({}, named=True))
    text = shell.assign(assignment)
    if "i" in flags:
        shell.expander.calculate(text.partition("=")[2])
    variable = shell.state.variables[name]
    shell.restore(outside)
    return text, variable


def _attributes(shell: "Shell", call: Call, name: str, flags: set[str]) -> None:
    state = shell.state
    if call.name == "local" or (call.name in {"declare", "typeset"} and "g" not in flags):
        shell.keep(name)
    before = state.variables.get(name, UNRESOLVED if state.lost else None)
    if flags & {"a", "A"} and not isinstance(before, Array) and before != UNRESOLVED:
        state.assign(name, Array({"0": before} if before else {}, named="A" in flags))
    if flags & {"i", "l", "u", "n"}:
        state.opaque |= {name}
        state.assign(name, UNRESOLVED)
    if "n" in flags:
        shell.doubt(call.span.start, call.span.end, "a variable that stands for another one")
    if call.name == "export" or "x" in flags:
        state.exported |= {name}


def _fix(shell: "Shell", call: Call, names: tuple[str, ...]) -> None:
    """Nothing that is assigned from here on has an effect; in a function, who knows how long."""
    for name in names:
        if shell.in_function and call.name != "readonly":
            shell.state.opaque |= {name.partition("=")[0]}
        else:
            shell.state.fixed |= {name.partition("=")[0]}


def unset(shell: "Shell", call: Call) -> Status:
    call.note()
    names = call.operands()
    if names is None:
        shell.state.forget()
        shell.state.functions = {}
        return None
    functions = any(word.startswith("-") and "f" in word for word in call.texts)
    for name in names:
        if not functions:
            shell.set(name, None)
        elif name in shell.state.functions:
            del shell.state.functions[name]
    return True


def set_(shell: "Shell", call: Call) -> Status:
    call.note()
    texts = call.texts
    if any(text in _UNUSUAL for text in texts):
        shell.hidden("a mode of bash that is not followed, and")
    if any(text == "allexport" or (text[:1] == "-" and "a" in text) for text in texts):
        shell.state.exported |= {"*"}
    for number, text in enumerate(texts):
        if text in {"--", "-"}:
            _position(shell, call.words[number + 1 :])
            return True
        if text[:1] not in {"-", "+"} and not (number and texts[number - 1][1:] == "o"):
            _position(shell, call.words[number:])
            return True
    return True


def _position(shell: "Shell", words: tuple[Field, ...]) -> None:
    loose = any(word.loose or word.pattern for word in words)
    shell.state.positional = None if loose else tuple(word.text for word in words)
    shell.state.taken("@", shell.sources)


def shift(shell: "Shell", call: Call) -> Status:
    call.note()
    by = call.texts[0] if call.texts else "1"
    if shell.state.positional is not None:
        known = by.isdecimal() and whole(by) <= len(shell.state.positional)
        shell.state.positional = shell.state.positional[whole(by) :] if known else None
    return True


def let(shell: "Shell", call: Call) -> Status:
    call.note()
    for text in call.texts:
        shell.expander.calculate(text)
    return None


def printf(shell: "Shell", call: Call) -> Status:
    call.note()
    words = list(call.words)
    if words and words[0].text == "-v" and len(words) > 1:
        text = formatted_text([w.text for w in words[2:]], loose=any(w.loose for w in words[2:]))
        shell.set(words[1].text, text)
        shell.state.taken(words[1].text, shell.sources)
        return True
    if words and words[0].text == "--":
        words = words[1:]
    shell.write(formatted_text([w.text for w in words], loose=any(w.loose for w in words)))
    return True


def getopts(shell: "Shell", call: Call) -> Status:
    call.note()
    names = call.operands()
    for name in ("OPTARG", *(names or ())[1:2]):
        shell.set(name, UNRESOLVED)
    return None
