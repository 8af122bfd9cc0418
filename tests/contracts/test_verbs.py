"""The promises of an ``Operation``, by number, over every verb (about 40 s).

Each verb has a case in ``tests/contracts/verbs/``, against a real supervisord, PostgreSQL, Redis,
folder or HTTP server: what is looked at is always the target itself.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import TypeAdapter
from tests.contracts.verbs import CASES, case_of
from tests.support.verb_cases import SECRET, Case, Programs, bound, programs_in

from vigil.domain.effects import EffectKind
from vigil.domain.grant import Grant, targets_of
from vigil.domain.raw_grant import RawGrant
from vigil.domain.verbs import VERBS, by_name
from vigil.guard import analyse
from vigil.runner.verbs.base import (
    LEAST_EFFECT_S,
    Deadline,
    Operation,
    Refusal,
    Unfinished,
)

pytestmark = pytest.mark.takes(60)


def in_time() -> Deadline:
    return Deadline.within(20.0)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    with programs_in(tmp_path_factory.mktemp("p")) as made:
        yield made


@pytest.fixture(params=VERBS)
def verb(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def case(verb: str, programs: Programs, tmp_path: Path) -> Iterator[Case]:
    targets = programs(tmp_path)
    with targets.stack:
        yield case_of(verb, targets)


@pytest.fixture
def key() -> str:
    return f"{uuid4().hex}:0"


def done_again(call: Operation, before: dict[str, object]) -> bool:
    """As the broker goes on after a crash: the target is asked first."""
    found = call.done_since(before)  # type: ignore[arg-type] # JSON, as it came back from the ledger
    return (found or call.do(before, in_time())).ok  # type: ignore[arg-type] # the same


def kept(seen: object) -> dict[str, object]:
    """As the ledger gives it back."""
    found: dict[str, object] = json.loads(json.dumps(seen))
    return found


def test_1_looking_changes_nothing(case: Case, key: str) -> None:
    was = case.state()
    call = case.bind(key)
    call.look()
    call.look()
    assert case.state() == was


def test_1_what_the_grant_does_not_cover_is_refused(verb: str, case: Case, key: str) -> None:
    if case.outside is None:
        assert VERBS[verb].arguments == (), "only what takes no arguments cannot exceed them"
        return
    was = case.state()
    assert VERBS[verb].admits(case.outside), "the guard would let it pass"
    with pytest.raises(Refusal):
        case.bind(key, arguments=case.outside).look()
    assert case.state() == was


def test_2_looking_is_the_dry_run(case: Case, key: str) -> None:
    seen = case.bind(key).look()
    assert kept(seen) == seen
    would = seen["would"]
    assert isinstance(would, str)
    assert would.isprintable()
    assert not would.startswith("nothing")
    assert SECRET not in json.dumps(seen)


def test_3_what_was_not_done_is_not_taken_for_done(case: Case, key: str) -> None:
    call = case.bind(key)
    before = call.look()
    assert case.bind(key).done_since(before) is None


def test_4_it_is_done_once_under_one_key(case: Case, key: str) -> None:
    was = case.state()
    before = case.bind(key).look()
    outcome = case.bind(key).do(before, in_time())
    assert outcome.ok, outcome.text
    assert SECRET not in outcome.text
    after = case.state()
    assert after != was
    for _ in range(2):
        assert done_again(case.bind(key), kept(before))
        assert case.state() == after
    if case.once:
        assert case.bind(key).done_since(before) is not None


def test_4_its_undo_takes_it_back(verb: str, case: Case, key: str) -> None:
    named = VERBS[verb].undo.partition(" ")[0].rstrip(",") in VERBS
    assert named == (case.undo is not None), "what the catalogue says of its undo is tested"
    if case.undo is None:
        return
    was = case.state()
    call = case.bind(key)
    assert call.do(call.look(), in_time()).ok
    grant, arguments = case.undo
    back = bound(grant, arguments, f"{key}-undo")
    outcome = back.do(back.look(), in_time())
    assert outcome.ok, outcome.text
    assert case.state() == was


def test_5_too_late_nothing_is_told(case: Case, key: str) -> None:
    call = case.bind(key)
    before, was = call.look(), case.state()
    with pytest.raises(Unfinished, match="held up"):
        call.do(before, Deadline.within(LEAST_EFFECT_S * 0.9))
    assert case.state() == was


def test_5_what_somebody_else_has_changed_is_left_alone(case: Case, key: str) -> None:
    if case.meddle is None:
        return
    call = case.bind(key)
    before = call.look()
    case.meddle()
    theirs = case.state()
    outcome = call.do(before, in_time())
    assert not outcome.ok
    assert outcome.text.isprintable()
    assert case.state() == theirs


def test_6_a_target_that_is_away_was_not_touched(case: Case, key: str) -> None:
    with pytest.raises(case.absent) as told:
        bound({**case.grant, **case.away}, case.arguments, key).look()
    assert SECRET not in str(told.value)


def test_the_guard_reads_its_calls_and_knows_what_they_do(verb: str, case: Case) -> None:
    words = " ".join(f"'{word}'" for word in case.arguments)
    effects = analyse(f"vigil-do {verb} it {words}")
    assert effects.kind in (EffectKind.REVERSIBLE, EffectKind.DISRUPTIVE)
    assert effects.calls[0].arguments == case.arguments
    assert effects.resources == {VERBS[verb].resource_of("it", case.arguments)}
    grants: TypeAdapter[Grant] = TypeAdapter(Grant)
    targets = targets_of(grants.validate_python(case.grant), case.arguments)
    assert targets
    assert all(re.fullmatch(r"[a-z]+:sha256:[0-9a-f]{64}", target) for target in targets)


def test_every_verb_has_a_case() -> None:
    assert CASES.keys() == VERBS.keys()


def test_two_verbs_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match=r"two verbs are called flag\.set"):
        by_name([*VERBS.values(), VERBS["flag.set"]])


_SUPERVISOR = {"supervisor": "/run/s.sock", "processes": ["web", "other"]}
_DATABASE = {"dsn": "dbname=x", "role": "shop"}
_REDIS = {"host": "127.0.0.1", "port": 6379}
_LISTS = {**_REDIS, "queue": "q", "parking": "p"}


GRANTS: TypeAdapter[Grant] = TypeAdapter(Grant)
_NUMBER: dict[str, object] = {
    "format": "env",
    "keys": {"k": {"type": "integer", "min": 0, "max": 9}},
}
_FLAG = {"f": {"key": "q", "values": ["a", "b"]}}
_UPSTREAM = {"servers": ["a:1", "b:1"], "config": "/etc/n", "pid_file": "/run/n.pid"}


def targets(verb: str, words: str, **where: object) -> set[str]:
    return set(targets_of(GRANTS.validate_python({"verb": verb, **where}), words.split()))


@pytest.mark.parametrize(
    ("where", "calls"),
    [
        (_SUPERVISOR, {"process.restart": "web", "process.start": "web", "process.stop": "web"}),
        (_DATABASE, {"session.terminate": "7.1", "session.cancel": "7.2"}),
        ({**_REDIS, "paused": "p"}, {"queue.pause": "", "queue.resume": ""}),
        (_LISTS, {"queue.park": "sha256:1", "queue.unpark": "sha256:2"}),
    ],
)
def test_what_several_verbs_do_something_to_has_one_name(
    where: dict[str, object], calls: dict[str, str]
) -> None:
    """Or two incidents would work on it at once."""
    first, *others = (targets(verb, words, **where) for verb, words in calls.items())
    assert all(first & other for other in others)


def test_what_different_grants_do_something_to_has_one_name() -> None:
    """One file, one key, one nginx, one receiver, whatever is done to it."""
    file = targets("config.set", "k 1", file="/var/log/x.log", **_NUMBER)
    assert file == targets("file.rotate", "x.log", folder="/var/log", files=["x.log"])
    assert file < targets("nginx.upstream", "a:1 up", file="/var/log/x.log", **_UPSTREAM)
    key = targets("flag.set", "f a", flags=_FLAG, **_REDIS)
    assert key < targets("queue.park", "sha256:1", **_LISTS)
    assert key < targets("queue.park", "sha256:1", **{**_LISTS, "queue": "p", "parking": "q"})
    one, other = (
        targets("nginx.upstream", "a:1 up", file=name, **_UPSTREAM) for name in ("/a", "/b")
    )
    assert len(one & other) == 1
    call = targets("http.call", "r", requests={"r": {"url": "https://api.example.com/x"}})
    assert call == {RawGrant(host="API.example.com.", port=443).target}


def test_to_stop_one_of_a_set_is_to_hold_the_set() -> None:
    """That enough others run stays true only if nobody stops one of them meanwhile."""
    one = targets("process.stop", "web", **_SUPERVISOR)
    other = targets("process.stop", "other", **_SUPERVISOR)
    assert one == other
    assert targets("process.restart", "other", **_SUPERVISOR) < one


@pytest.mark.parametrize(
    ("verb", "one", "other", "words"),
    [
        ("config.set", {"file": "/etc/a/x"}, {"file": "//etc/b/../a/./x"}, "k 1"),
        ("config.set", {"file": "/run/a/x"}, {"file": "/var/run/a/x"}, "k 1"),
        ("file.rotate", {"folder": "/var/log/a"}, {"folder": "/var/log//a/"}, "x.log"),
        ("process.restart", {"supervisor": "/run/s"}, {"supervisor": "/var/run/s"}, "web"),
        (
            "http.call",
            {"requests": {"drain": {"url": "http://proxy/drain"}}},
            {"requests": {"drain": {"url": "http://PROXY:80/fill?all=1", "method": "PUT"}}},
            "drain",
        ),
        *(
            ("queue.pause", {"host": "localhost"}, {"host": here}, "")
            for here in ("127.0.0.1", "::1", "LOCALHOST.", "[::1]", "127.0.0.2", "0.0.0.0")  # noqa: S104 - compared
        ),
        *(
            ("session.cancel", {"dsn": "host=db port=5432 dbname=a user=x"}, {"dsn": dsn}, "7.1")
            for dsn in (
                "dbname=a user=x port=5432 host=db",
                "dbname=other host=DB",
                "postgresql://somebody:secret@db/a",
                "postgresql://db:5432/a?connect_timeout=3",
            )
        ),
        *(
            ("session.cancel", {"dsn": "host=127.0.0.1"}, {"dsn": dsn}, "7.1")
            for dsn in ("dbname=a", "host=/var/run/postgresql", "postgresql:///a", "service=x")
        ),
    ],
)
def test_what_can_be_written_in_two_ways_has_one_name(
    verb: str, one: dict[str, object], other: dict[str, object], words: str
) -> None:
    rest: dict[str, dict[str, object]] = {
        "config.set": _NUMBER,
        "file.rotate": {"files": ["x.log"]},
        "process.restart": {"processes": ["web"]},
        "queue.pause": {"port": 6379, "paused": "p"},
        "session.cancel": {"role": "shop"},
    }
    names = [targets(verb, words, **rest.get(verb, {}), **where) for where in (one, other)]
    assert names[0] == names[1] != set()
