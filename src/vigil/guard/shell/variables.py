"""Assignments, and what a command finds in its environment."""

from vigil.guard.program import UNRESOLVED, Word
from vigil.guard.shell.expansion.braces import alternatives
from vigil.guard.shell.expansion.splitting import bounded, runs_something
from vigil.guard.shell.grammar.tree import Assignment, Elements, Literal, Parts
from vigil.guard.shell.state import SPECIAL, Array, Variable
from vigil.guard.shell.walk import Walk
from vigil.guard.shell.whole import whole

_MEANINGS = frozenset({"BASH_ALIASES", "BASH_CMDS"})
"""Arrays by which names of commands get another meaning."""
_PROMPTS = frozenset({"PS3", "PS4"})
"""Variables whose text bash expands by itself when it runs a script."""
_EXPORTED = frozenset({"PATH", "HOME"})
"""In every environment, so that whoever assigns them exports them."""

Before = dict[str, Variable | type[KeyError]]
"""What names stood for; KeyError where nothing is known of one."""


class Variables(Walk):
    def kept(self, names: list[str]) -> Before:
        return {name: self.state.variables.get(name, KeyError) for name in names}

    def restore(self, before: Before) -> None:
        for name, value in before.items():
            if isinstance(value, type):
                self.state.variables.pop(name, None)
            else:
                self.state.variables[name] = value

    def exported(self) -> list[tuple[str, Word]]:
        """The variables that commands get."""
        if not self.state.variables:
            return []
        variables = self.state.variables.keys()
        everything = "*" in self.state.exported
        names = sorted(variables if everything else variables & (self.state.exported | _EXPORTED))
        values = ((name, self.state.variables[name]) for name in names)
        return [(name, Word(text=value)) for name, value in values if isinstance(value, str)]

    def assign(self, assignment: Assignment) -> str:
        """Do what an assignment says; as text, it is this."""
        name, value = assignment.name, assignment.value
        if name in _MEANINGS:
            self.hidden(f"{name}, by which names of commands get another meaning:")
        if name in self.state.fixed:
            self.falter()
        if name == "POSIXLY_CORRECT":
            self.hidden("a mode of bash that is not followed, and")
        outside = self.take_sources()
        if isinstance(value, Elements):
            self._assign_all(name, value, appends=assignment.appends)
            text = UNRESOLVED
        else:
            text = self.expander.text(value)
            self._assign_text(assignment, text)
        if name in _PROMPTS:
            self.prompted(text)
        sources = self.take_sources()
        if sources or not assignment.appends:
            self.state.taken(name, sources)
        self.sources = outside + sources
        return f"{name}{'+' if assignment.appends else ''}={text}"

    def arguments(
        self, words: tuple[Parts | Assignment, ...]
    ) -> tuple[list[Parts], tuple[Assignment, ...]]:
        """The arguments of a declaration, plain ones and assignments.

        One in which braces are expanded is plain: bash does not know it again as an assignment,
        and so splits it.
        """
        plain: list[Parts] = []
        declared: list[Assignment] = []
        for word in words:
            if not isinstance(word, Assignment):
                plain.append(word)
            elif isinstance(word.value, Elements) or len(alternatives(word.value) or ()) == 1:
                declared.append(word)
            else:
                sign = f"{'[0]' if word.subscript else ''}{'+' if word.appends else ''}="
                plain.append((Literal(word.name + sign, quoted=True), *word.value))
        return plain, tuple(declared)

    def set(self, name: str, value: Variable) -> None:
        """Assign by a name that is text."""
        if UNRESOLVED in name or runs_something(name):
            self.hidden("an assignment")
            self.state.forget()
            return
        name, indexed, _ = name.partition("[")
        self.state.assign(name, UNRESOLVED if indexed else value)

    def _assign_text(self, assignment: Assignment, text: str) -> None:
        name = assignment.name
        if name in self.state.opaque - SPECIAL:
            # A number, as far as one can tell.
            self.expander.calculate(text)
        before = self.state.variables.get(name, UNRESOLVED)
        if assignment.subscript is not None:
            self._assign_item(assignment, text, before)
        elif not assignment.appends:
            self.state.assign(name, text)
        elif isinstance(before, Array):
            self.state.assign(name, UNRESOLVED)
        else:
            self.state.assign(name, bounded((before or "") + text))

    def _assign_item(self, assignment: Assignment, text: str, before: Variable) -> None:
        name = assignment.name
        key = self.expander.key(before, assignment.subscript or ())
        if before == UNRESOLVED and name not in self.state.variables and not self.state.lost:
            before = None if not assignment.appends else before
        if UNRESOLVED in key or before == UNRESOLVED:
            self.state.assign(name, UNRESOLVED)
            return
        named = isinstance(before, Array) and before.named
        items = before.items if isinstance(before, Array) else {"0": before} if before else {}
        added = items.get(key, "") + text if assignment.appends else text
        self.state.assign(name, Array({**items, key: bounded(added)}, named))

    def _assign_all(self, name: str, elements: Elements, *, appends: bool) -> None:
        before = self.state.variables.get(name, UNRESOLVED if appends else None)
        named = isinstance(before, Array) and before.named
        before = before if appends else None
        array = Array(dict(before.items) if isinstance(before, Array) else {}, named)
        if isinstance(before, str):
            array.items["0"] = before
        known = before != UNRESOLVED
        index = array.next_index()
        for element in elements.items:
            if element.key is not None:
                key = self.expander.key(array, element.key)
                array.items[key] = self.expander.text(element.value)
                known &= UNRESOLVED not in key
                index = whole(key) + 1 if key.isdecimal() else index
                continue
            # Pairs of keys and values, or a mistake.
            known &= not named
            for field in self.expander.fields([element.value]):
                known &= not (field.loose or field.pattern)
                array.items[str(index)] = field.text
                index += 1
        self.state.assign(name, array if known else UNRESOLVED)
