"""Parameters: the only things that a runbook's scripts can be given, and where each comes from.

Values are strict (digests and names), so nothing that a log line or a release note says can
become part of a script.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from vigil.domain.catalogue import Service
from vigil.domain.evidence import Evidence, Finding
from vigil.domain.value import Value
from vigil.domain.verbs import VERBS
from vigil.domain.verbs.process import ProcessRestartGrant
from vigil.domain.verbs.session import SessionTerminateGrant

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PLACE = re.compile(r"\{\{\s*([a-z][a-z._-]*)\s*\}\}")

ITEM = "item"
"""What ``for_each`` binds: one value of the list that the step is repeated for."""


class Parameter(Value):
    """One parameter: whether it is a list, and a value to try a script with."""

    name: str
    many: bool = False
    digest: bool = False
    sample: tuple[str, ...]

    def admits(self, value: str) -> bool:
        """Whether this value is safe to write into a script."""
        return (_DIGEST if self.digest else _NAME).fullmatch(value) is not None


PARAMETERS = {
    parameter.name: parameter
    for parameter in (
        Parameter(name="service", sample=("a-service",)),
        *(Parameter(name=f"grant.{verb}", sample=("a-grant",)) for verb in VERBS),
        Parameter(name="release.current", digest=True, sample=("sha256:" + "c" * 64,)),
        Parameter(name="release.previous", digest=True, sample=("sha256:" + "d" * 64,)),
        Parameter(name="processes", many=True, sample=("process-1", "process-2")),
        Parameter(name="process.down", many=True, sample=("process-1",)),
        Parameter(name="session.leaked", many=True, sample=("4711.1772366400000000",)),
    )
}
_ITEM = Parameter(name=ITEM, sample=("process-1",))

SAMPLES = {name: parameter.sample for name, parameter in PARAMETERS.items()}


class Missing(Value):
    """Why a parameter has no value, and what somebody can do about it."""

    parameter: str
    reason: str


class Parameters(Value):
    """What is known of each parameter for one incident: values with their evidence, or why not."""

    values: dict[str, tuple[str, ...]] = {}
    evidence: dict[str, tuple[str, ...]] = {}
    missing: dict[str, str] = {}


def names_in(template: str) -> tuple[str, ...]:
    """The parameters that a template names, each once, in order."""
    return tuple(dict.fromkeys(_PLACE.findall(template)))


def leftovers_in(template: str) -> bool:
    """Whether braces are left that are no parameter: a typing error, never text to be run."""
    rest = _PLACE.sub("", template)
    return "{{" in rest or "}}" in rest


def bind(template: str, parameters: Parameters, item: str | None = None) -> str | Missing:
    """The template with every parameter replaced, or the first one that cannot be.

    A line that names a list parameter is written once for each of its values.
    """
    values = dict(parameters.values)
    if item is not None:
        values[ITEM] = (item,)
    for name in names_in(template):
        problem = _problem(name, values.get(name, ()), parameters.missing)
        if problem is not None:
            return Missing(parameter=name, reason=problem)
    if leftovers_in(template):
        return Missing(parameter="{{", reason="braces that name no parameter; correct the runbook")
    return "\n".join(written for line in template.split("\n") for written in _lines(line, values))


def _problem(name: str, values: Sequence[str], missing: Mapping[str, str]) -> str | None:
    rule = _ITEM if name == ITEM else PARAMETERS.get(name)
    if rule is None:
        return f"there is no such parameter; there are: {', '.join(PARAMETERS)}"
    if not values:
        return missing.get(name, "nothing gives it a value")
    bad = next((value for value in values if not rule.admits(value)), None)
    if bad is not None:
        return f"{bad[:80]!r} is not a {'digest' if rule.digest else 'name'}"
    if len(values) > 1 and not rule.many:
        return "it has several values where one is needed"
    return None


def _lines(line: str, values: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    lines = [line]
    for name in names_in(line):
        lines = [_write(each, name, value) for each in lines for value in values[name]]
    return lines


def _write(line: str, name: str, value: str) -> str:
    return _PLACE.sub(lambda place: value if place[1] == name else place[0], line)


def parameters_of(
    name: str, service: Service, evidence: Sequence[Evidence], cited: Sequence[str] = ()
) -> Parameters:
    """What evidence and catalogue give for this service.

    Evidence counts when it is about the service itself or is ``cited`` for the cause.
    """
    about = [e for e in evidence if e.component == name or e.id in cited]
    found = _Found()
    found.give("service", (name,))
    for verb in VERBS:
        _grant(found, verb, name, service)
    _release(found, [e for e in about if e.finding is Finding.RELEASE_RECENT])
    _processes(found, service)
    _down(found, service, [e for e in about if e.finding is Finding.PROCESS_DOWN])
    _leaked(found, service, [e for e in about if e.finding is Finding.SESSION_LEAKED])
    return Parameters(values=found.values, evidence=found.evidence, missing=found.missing)


class _Found:
    def __init__(self) -> None:
        self.values: dict[str, tuple[str, ...]] = {}
        self.evidence: dict[str, tuple[str, ...]] = {}
        self.missing: dict[str, str] = {}

    def give(self, name: str, values: Iterable[str], evidence: Iterable[str] = ()) -> None:
        self.values[name] = tuple(values)
        self.evidence[name] = tuple(evidence)

    def lack(self, name: str, reason: str) -> None:
        self.missing[name] = reason


def _grant(found: _Found, verb: str, name: str, service: Service) -> None:
    having = [key for key, grant in service.grants.items() if grant.verb == verb]
    if len(having) == 1:
        found.give(f"grant.{verb}", having)
    elif having:
        found.lack(
            f"grant.{verb}",
            f"the service {name} has several grants with the verb {verb} "
            f"({', '.join(having)}); keep the one that remediation should use",
        )
    else:
        found.lack(
            f"grant.{verb}",
            f"the service {name} has no grant with the verb {verb}; "
            "add one under its `grants:` in vigil.yaml",
        )


def _release(found: _Found, recent: Sequence[Evidence]) -> None:
    _digest(found, "release.current", recent, "digest", lambda _: "the release log has no digest")
    _digest(
        found,
        "release.previous",
        recent,
        "previous",
        lambda e: (
            f"the release log names none before {e.data.get('release', 'the latest')}, "
            "so there is nothing to go back to"
        ),
    )


def _digest(
    found: _Found,
    name: str,
    recent: Sequence[Evidence],
    key: str,
    why_not: Callable[[Evidence], str],
) -> None:
    if not recent:
        found.lack(name, "no recent release is in evidence; look at `changes.release_log`")
        return
    newest = recent[-1]
    value = newest.data.get(key)
    if isinstance(value, str) and value:
        found.give(name, (value,), (newest.id,))
    else:
        found.lack(name, why_not(newest))


def _restartable(service: Service) -> tuple[str, ...]:
    return tuple(
        process
        for grant in service.grants.values()
        if isinstance(grant, ProcessRestartGrant)
        for process in grant.processes
    )


def _processes(found: _Found, service: Service) -> None:
    granted = _restartable(service)
    wanted = service.processes.names if service.processes else granted
    beyond = [process for process in wanted if process not in granted]
    if beyond:
        # Restarting only some would leave the others on the old release: half a cure.
        found.lack("processes", f"no grant allows to restart {', '.join(beyond)}; add them to it")
    elif wanted:
        found.give("processes", wanted)
    else:
        found.lack("processes", "the service names no processes; add `processes:` in vigil.yaml")


def _down(found: _Found, service: Service, down: Sequence[Evidence]) -> None:
    granted = _restartable(service)
    named = {str(e.data.get("process", "")): e.id for e in down}
    ours = [process for process in named if process in granted]
    if ours:
        found.give("process.down", ours, (named[process] for process in ours))
    elif down:
        found.lack("process.down", f"no grant allows to restart {', '.join(sorted(named))[:200]}")
    else:
        found.lack("process.down", "no process that is down is in evidence")


def _leaked(found: _Found, service: Service, leaked: Sequence[Evidence]) -> None:
    grants = {
        name: grant
        for name, grant in service.grants.items()
        if isinstance(grant, SessionTerminateGrant)
    }
    roles = {grant.role for grant in grants.values()}
    ours = {str(e.data.get("session", "")): e.id for e in leaked if e.data.get("role") in roles}
    if ours:
        found.give("session.leaked", ours, ours.values())
    elif not leaked:
        found.lack("session.leaked", "no leaked session is in evidence")
    else:
        theirs = ", ".join(sorted({str(e.data.get("role", "")) for e in leaked}))[:200]
        granted = "; ".join(f"the grant {name} those of {g.role}" for name, g in grants.items())
        found.lack(
            "session.leaked",
            f"the leaked sessions are those of {theirs}, and no grant allows to end these"
            f"{f' ({granted})' if granted else ''}",
        )
