"""Files that the shell opens for a command."""

import pytest

from vigil.guard.findings import Finding, Mark
from vigil.guard.program import UNRESOLVED, Command, Redirection, Span, Word
from vigil.guard.redirections import judge_redirections


def found(path: str, *, writes: bool = True, appends: bool = False) -> list[Finding]:
    word = Word(text=path.replace("?", UNRESOLVED))
    redirection = Redirection(target=word, writes=writes, appends=appends)
    span = Span(line=1, start=0, end=1)
    return list(judge_redirections(Command(words=(), span=span, redirections=(redirection,))))


@pytest.mark.parametrize(
    ("path", "kind", "marks"),
    [
        ("out.txt", "reversible", set()),
        ("/tmp/out.txt", "read", set()),
        ("/tmp/../etc/hosts", "destructive", {Mark.PERSISTS}),
        ("/dev/sda", "destructive", {Mark.DROPS_DATA}),
        ("/etc/nginx/nginx.conf", "destructive", set()),
        ("/var/log/syslog", "disruptive", set()),
        ("/etc/cron.d/x", "destructive", {Mark.PERSISTS}),
        ("/dev/tcp/10.0.0.1/80", "unknown", {Mark.SENDS_OUT, Mark.NETWORK}),
        ("?", "unknown", set()),
        ("/tmp/?", "unknown", set()),
    ],
)
def test_writing(path: str, kind: str, marks: set[Mark]) -> None:
    (only,) = found(path)
    assert (str(only.kind), set(only.marks)) == (kind, marks)


def test_appending_loses_nothing() -> None:
    assert found("/etc/nginx/nginx.conf", appends=True)[0].kind == "disruptive"
    assert found("/var/log/syslog", appends=True)[0].kind == "reversible"
    assert found("~/.bashrc", appends=True)[0].marks == {Mark.PERSISTS}


def test_nothing_to_say() -> None:
    for path in ("/dev/null", "/dev/stderr"):
        assert not found(path)
    assert not found("in.txt", writes=False)
    assert not found("?", writes=False)


def test_reading_a_secret() -> None:
    (only,) = found("/etc/shadow", writes=False)
    assert (str(only.kind), set(only.marks)) == ("read", {Mark.READS_SENSITIVE})
