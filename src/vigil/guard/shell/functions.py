"""Functions of a script: their calls, their own variables, and where following them ends."""

from abc import ABC

from vigil.guard.program import UNRESOLVED
from vigil.guard.shell.branches import Status
from vigil.guard.shell.call import Call
from vigil.guard.shell.state import Definition, State
from vigil.guard.shell.variables import Before, Variables

MAX_CALLS = 12
"""Functions that call one another."""
MAX_RECURSION = 3
"""Times that a function is followed into itself."""


class Functions(Variables, ABC):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._stack: list[str] = []
        self._locals: list[Before] = []

    @property
    def in_function(self) -> bool:
        return bool(self._stack)

    def keep(self, name: str) -> None:
        """What a name stands for comes back when the function ends."""
        if self._locals and name not in self._locals[-1] and name not in self.state.fixed:
            self._locals[-1].update(self.kept([name]))
            self.state.variables[name] = None

    def outermost(self) -> State:
        state = super().outermost()
        for frame in reversed(self._locals):
            for name, value in frame.items():
                if isinstance(value, type):
                    state.variables.pop(name, None)
                else:
                    state.variables[name] = value
        if self._stack:
            state.positional = None
        return state

    def call_function(self, definition: Definition, call: Call) -> Status:
        self.called.add(call.name)
        if not definition.certain or call.assignments:
            call.note()
        if len(self._stack) >= MAX_CALLS or self._stack.count(call.name) >= MAX_RECURSION:
            reason = f"the function {call.name!r} calls itself"
            self.doubt(call.span.start, call.span.end, reason, exhausts=True)
            self.write(UNRESOLVED)
            self.state.forget()
            return None
        outside, taken = self.state.positional, self.state.origins.get("@", ())
        loose = any(word.loose or word.pattern for word in call.words)
        self.state.positional = None if loose else call.texts
        self.state.taken("@", self.sources)
        status = self.bodies(definition, call.name)
        self.state.positional = outside
        self.state.taken("@", taken)
        return status

    def bodies(self, definition: Definition, name: str) -> Status:
        self._stack.append(name)
        self._locals.append({})
        status: Status = None
        with self.nested(self.here[0]), self.landing("return"):
            if definition.certain and len(definition.bodies) == 1:
                status = self.command(definition.bodies[0])
            else:
                for body in definition.bodies:
                    with self.perhaps():
                        self.command(body)
        self.restore(self._locals.pop())
        self._stack.pop()
        return status
