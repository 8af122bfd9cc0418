"""Files that the shell itself opens: what ``>``, ``>>`` and ``<`` do."""

from collections.abc import Iterator, Sequence

from vigil.domain.effects import EffectKind
from vigil.guard import places
from vigil.guard.findings import Finding, Mark, named
from vigil.guard.program import UNRESOLVED, Command, Redirection, Word


def judge_redirections(command: Command, folders: Sequence[str] = ()) -> Iterator[Finding]:
    """What opening its files does, whatever the command itself does.

    ``folders`` are those that the script goes into: a relative path counts as the worst of what it
    may mean.
    """
    for redirection in command.redirections:
        judged = map(_judged, _meant(redirection, folders))
        kind, what, marks, reason = max(judged, key=lambda said: (said[0].rank, len(said[2])))
        if reason:
            yield Finding(
                kind=kind,
                resource=named(what),
                rule="guard.redirection",
                reason=reason,
                span=command.span,
                marks=frozenset(marks),
            )


def _meant(redirection: Redirection, folders: Sequence[str]) -> Iterator[Redirection]:
    yield redirection
    path = redirection.target.text
    if not path.startswith(("/", "~")):
        for folder in folders:
            word = Word(text=f"{folder}/{path}")
            yield redirection._replace(target=word)


_Judged = tuple[EffectKind, str, tuple[Mark, ...], str]
_NOTHING: _Judged = (EffectKind.READ, "-", (), "")


def _judged(redirection: Redirection) -> _Judged:
    path = redirection.target.text
    if places.dials_out(path):
        reason = "opens a connection to another machine"
        return EffectKind.UNKNOWN, f"network:{path}", (Mark.SENDS_OUT, Mark.NETWORK), reason
    if places.harmless_device(path):
        return _NOTHING
    return _written(path, redirection) if redirection.writes else _read(path, redirection)


def _read(path: str, redirection: Redirection) -> _Judged:
    path = (redirection.target.unsplit or path).replace(UNRESOLVED, "*")
    if places.sensitive(path):
        reason = "reads a file of secrets, or about people"
        return EffectKind.READ, f"file:{path}", (Mark.READS_SENSITIVE,), reason
    return _NOTHING


def _written(path: str, redirection: Redirection) -> _Judged:
    short = places.plain(path)
    what = f"file:{short}"
    if places.device(short):
        reason = "writes over a device"
        return EffectKind.DESTRUCTIVE, f"device:{short}", (Mark.DROPS_DATA,), reason
    if not redirection.target.exact:
        return EffectKind.UNKNOWN, what, (), "writes to a file that only a run could tell"
    kind, reason = _weighed(short, appends=redirection.appends)
    marks = {
        Mark.PERSISTS: places.persists(short),
        Mark.ESCALATES: places.says_who_may(short),
        Mark.TURNS_OFF_PROTECTION: places.tells_who(short) and not redirection.appends,
    }
    return kind, what, tuple(mark for mark, applies in marks.items() if applies), reason


def _weighed(path: str, *, appends: bool) -> tuple[EffectKind, str]:
    if places.scratch(path):
        return EffectKind.READ, "writes to scratch only"
    if places.persists(path):
        kind = EffectKind.DISRUPTIVE if appends else EffectKind.DESTRUCTIVE
        return kind, "writes what runs, or counts, after the script is over"
    if places.essential(path):
        kind = EffectKind.DISRUPTIVE if appends else EffectKind.DESTRUCTIVE
        return kind, "writes over a file that the system needs"
    if places.system(path) and not appends:
        return EffectKind.DISRUPTIVE, "writes over a file of the system"
    return EffectKind.REVERSIBLE, "writes to a file"
