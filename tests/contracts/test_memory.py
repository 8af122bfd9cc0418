"""The numbered promises of ``ports/memory.py``, over every adapter."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from vigil.domain.effects import Risk
from vigil.domain.hypothesis import FailureType
from vigil.domain.lesson import Lesson
from vigil.domain.proof import Outcome
from vigil.domain.runbook import Record, Runbook, Step
from vigil.integrations._clients.database import migrate, migrations, open_engine
from vigil.integrations.memory import memory_in
from vigil.integrations.memory.store import MAX_RECALLED
from vigil.ports.memory import Ingested, Memory, Occurrence

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def memory(database_url: str) -> Iterator[Memory]:
    engine = open_engine(database_url)
    migrate(engine)
    yield memory_in(engine)
    engine.dispose()


def runbook(name: str, title: str = "A release", body: str = "Text.", **changes: object) -> Runbook:
    plain = Runbook(
        id=name,
        title=title,
        service=("web-application",),
        failure_types=(FailureType.BAD_RELEASE,),
        risk_level=Risk.MEDIUM,
        checks=(),
        steps=(Step(title="Wait", script="true", verbs=(), no_undo="nothing was done"),),
        body=body,
        path=f"{name}.md",
    )
    return plain.model_copy(update=changes)


def lesson(incident: str, of: Runbook, outcome: Outcome, kind: str = "web-application") -> Lesson:
    return Lesson(
        incident=incident,
        service="web",
        service_kind=kind,
        symptom="failing",
        failure_type="bad_release",
        component="web",
        runbook=of.id,
        runbook_digest=of.digest,
        actions=("switch back",),
        outcome=outcome,
        seconds=12.5,
        at=AT,
    )


async def test_1_ingest_makes_it_exactly_those_given(memory: Memory) -> None:
    one, two, three = runbook("one"), runbook("two"), runbook("three")
    assert await memory.ingest("a", [one, two]) == Ingested(
        added=2, updated=0, unchanged=0, removed=0
    )
    changed = runbook("two", body="Another text.")
    assert await memory.ingest("a", [changed, three]) == Ingested(
        added=1, updated=1, unchanged=0, removed=1
    )
    recalled = await memory.recall("release", 10)
    assert {r.runbook.id: r.runbook for r in recalled} == {"two": changed, "three": three}


async def test_1_again_with_the_same_changes_nothing(memory: Memory) -> None:
    books = [runbook("one"), runbook("two")]
    await memory.ingest("a", books)
    before = await memory.recall("release text", 10)
    assert await memory.ingest("a", books) == Ingested(added=0, updated=0, unchanged=2, removed=0)
    assert await memory.recall("release text", 10) == before


async def test_1_other_origins_stay(memory: Memory) -> None:
    await memory.ingest("a", [runbook("one")])
    await memory.ingest("b", [runbook("two")])
    assert (await memory.ingest("b", [])).removed == 1
    assert [r.runbook.id for r in await memory.recall("release", 10)] == ["one"]


async def test_1_a_new_lab_record_is_an_update(memory: Memory) -> None:
    await memory.ingest("a", [runbook("one")])
    measured = runbook("one", lab_record=Record(trials=30, successes=30, commit="abc"))
    assert (await memory.ingest("a", [measured])).updated == 1
    (found,) = await memory.recall("release", 10)
    assert found.runbook.lab_record == measured.lab_record


async def test_1_an_origin_may_have_a_long_name(memory: Memory) -> None:
    origins = [f"/srv/{'deep/' * 80}{name}" for name in "ab"]
    for origin, name in zip(origins, ("one", "two"), strict=True):
        await memory.ingest(origin, [runbook(name)])
    assert (await memory.ingest(origins[0], [])).removed == 1
    assert [r.runbook.id for r in await memory.recall("release", 10)] == ["two"]


async def test_1_two_at_once_leave_one_index(memory: Memory) -> None:
    books = [runbook(f"r{n}") for n in range(8)]
    await asyncio.gather(*(memory.ingest("a", books) for _ in range(4)))
    assert len(await memory.recall("release", 50)) == len(books)


async def test_2_recall_gives_the_best_first_and_no_more_than_asked(memory: Memory) -> None:
    others = {"failure_types": (FailureType.DATABASE_LOCK,)}
    await memory.ingest(
        "a",
        [
            runbook("cache", title="The cache is full", body="Evict keys.", **others),
            runbook("release", title="A bad release", body="Errors since a release."),
            runbook("lock", title="A database lock", body="The release of locks.", **others),
        ],
    )
    found = await memory.recall("errors since the bad release", 2)
    assert [f.runbook.id for f in found] == ["release", "lock"]
    assert found[0].text_score == 1
    assert 0 < found[1].text_score < 1
    assert await memory.recall("release", 0) == ()
    assert await memory.recall("release", -1) == ()
    assert await memory.recall("xylophone", 5) == ()


async def test_2_case_accents_and_endings_of_words_do_not_matter(memory: Memory) -> None:
    await memory.ingest("a", [runbook("one", title="Résumé of restarted processes")])
    for words in ("RESUME", "résumé", "restarts", "process"):
        assert [f.runbook.id for f in await memory.recall(words, 5)] == ["one"], words


@pytest.mark.parametrize("asked", ["restart", "process.restart", "web/process", "bad_release"])
async def test_2_words_are_found_whatever_joins_them(memory: Memory, asked: str) -> None:
    body = "Call `process.restart(web)`, see https://docs.test/web/process and bad_release-2."
    await memory.ingest("a", [runbook("one", title="Call", body=body)])
    assert [f.runbook.id for f in await memory.recall(asked, 5)] == ["one"]


async def test_2_a_rare_word_says_more_than_one_that_all_have(memory: Memory) -> None:
    others = [runbook(f"r{n}", title="An error of a service") for n in range(6)]
    rare = runbook("rare", title="A lock", body="Some quiescence after the error.")
    await memory.ingest("a", [*others, rare])
    found = await memory.recall("error quiescence", 5)
    assert found[0].runbook.id == "rare"


async def test_2_equally_good_ones_come_in_the_same_order(memory: Memory) -> None:
    await memory.ingest("a", [runbook(name) for name in ("delta", "alpha", "charlie", "bravo")])
    first = await memory.recall("release", 3)
    assert [f.runbook.id for f in first] == ["alpha", "bravo", "charlie"]
    assert await memory.recall("release", 3) == first


async def test_2_recall_is_bounded(memory: Memory) -> None:
    await memory.ingest("a", [runbook(f"r{n:03}") for n in range(MAX_RECALLED + 5)])
    assert len(await memory.recall("release " * 10_000, 1_000_000)) == MAX_RECALLED


@pytest.mark.parametrize(
    "words",
    ['"', '"" OR *', "release AND", "NEAR(release bad)", "title:release", "-release", "rel*",
     "release; DROP TABLE memory_runbooks", "'", "^release", "{title}: x", "\x00", "\udcff", ""],
)  # fmt: skip
async def test_2_words_that_mean_something_to_the_index_are_only_words(
    memory: Memory, words: str
) -> None:
    await memory.ingest("a", [runbook("one", title="Near and or not")])
    await memory.recall(words, 5)
    assert [f.runbook.id for f in await memory.recall("near", 5)] == ["one"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=st.text())
def test_2_any_text_can_be_asked_for(memory: Memory, words: str) -> None:
    asyncio.run(_ask(memory, words))


async def _ask(memory: Memory, words: str) -> None:
    await memory.ingest("a", [runbook("one")])
    assert all(0 <= f.text_score <= 1 for f in await memory.recall(words, 5))


async def test_3_learn_keeps_one_lesson_per_incident_and_attempt(memory: Memory) -> None:
    book = runbook("one")
    for _ in range(3):
        await memory.learn(lesson("inc-1", book, Outcome.VERIFIED), 1)
    await memory.learn(lesson("inc-1", book, Outcome.NOT_FIXED), 1)
    assert await memory.record(book, "web-application") == Record(trials=1, successes=1)
    await memory.learn(lesson("inc-1", book, Outcome.NOT_FIXED), 2)
    assert await memory.record(book, "web-application") == Record(trials=2, successes=1)


async def test_4_record_counts_trials_of_the_present_text_on_this_kind(memory: Memory) -> None:
    book, older = runbook("one"), runbook("one", body="An older text.")
    taught = [
        lesson("inc-1", book, Outcome.VERIFIED),
        lesson("inc-2", book, Outcome.REGRESSED),
        lesson("inc-3", book, Outcome.NOT_EXECUTED),
        lesson("inc-4", book, Outcome.FALSE_ALARM),
        lesson("inc-5", book, Outcome.VERIFIED, kind="worker"),
        lesson("inc-6", older, Outcome.VERIFIED),
        lesson("inc-7", runbook("two"), Outcome.VERIFIED),
        lesson("inc-8", book, Outcome.NOT_FIXED).model_copy(
            update={"runbook": None, "runbook_digest": None}
        ),
    ]
    for each in taught:
        await memory.learn(each, 1)
    assert await memory.record(book, "web-application") == Record(trials=2, successes=1)
    assert await memory.record(book, "database") == Record(trials=0, successes=0)


LIKE = Occurrence(incident="inc-now", service="web", symptom="failing", failure_type="bad_release")


async def test_5_like_gives_the_newest_first_and_no_more_than_asked(memory: Memory) -> None:
    book = runbook("one")
    # Told in other zones, as clocks may be set: text of another zone would sort wrongly.
    moments = [AT.astimezone(timezone(timedelta(hours=h))) + timedelta(hours=h) for h in (0, 9, 5)]
    taught = [
        lesson(f"inc-{n}", book, Outcome.VERIFIED).model_copy(update={"at": moment})
        for n, moment in enumerate(moments)
    ]
    for each in taught:
        await memory.learn(each, 1)
    assert await memory.like(LIKE, 10) == (taught[1], taught[2], taught[0])
    assert await memory.like(LIKE, 2) == (taught[1], taught[2])
    assert await memory.like(LIKE, 0) == ()
    assert await memory.like(LIKE, -1) == ()


@pytest.mark.parametrize(
    "differs",
    [
        {"incident": "inc-now"},
        {"service": "other"},
        {"symptom": "slow"},
        {"failure_type": "process_down"},
    ],
)
async def test_5_what_differs_and_the_incident_itself_are_not_alike(
    memory: Memory, differs: dict[str, str]
) -> None:
    alike = lesson("inc-1", runbook("one"), Outcome.VERIFIED)
    await memory.learn(alike.model_copy(update=differs), 1)
    assert await memory.like(LIKE, 10) == ()


@pytest.mark.parametrize("outcome", Outcome)
async def test_5_every_outcome_is_remembered_with_or_without_a_runbook(
    memory: Memory, outcome: Outcome
) -> None:
    without = lesson("inc-1", runbook("one"), outcome).model_copy(
        update={"runbook": None, "runbook_digest": None, "actions": (), "proof": "nobody knows"}
    )
    await memory.learn(without, 1)
    assert await memory.like(LIKE, 10) == (without,)


async def test_5_like_is_bounded(memory: Memory) -> None:
    for number in range(MAX_RECALLED + 5):
        await memory.learn(lesson(f"inc-{number}", runbook("one"), Outcome.VERIFIED), 1)
    assert len(await memory.like(LIKE, 1_000_000)) == MAX_RECALLED


async def test_6_what_came_back_is_a_trial_without_success(memory: Memory) -> None:
    book = runbook("one")
    for name in ("inc-1", "inc-2"):
        await memory.learn(lesson(name, book, Outcome.VERIFIED), 2)
    told = await memory.came_back("inc-1", 2, "inc-3")
    failed = lesson("inc-1", book, Outcome.NOT_FIXED).model_copy(update={"came_back_as": "inc-3"})
    assert told == failed
    assert await memory.record(book, "web-application") == Record(trials=2, successes=1)
    assert failed in await memory.like(LIKE, 10)


async def test_6_the_first_time_stays(memory: Memory) -> None:
    book = runbook("one")
    await memory.learn(lesson("inc-1", book, Outcome.VERIFIED), 1)
    first = await memory.came_back("inc-1", 1, "inc-2")
    again = await asyncio.gather(*(memory.came_back("inc-1", 1, f"inc-{n}") for n in range(3, 6)))
    assert set(again) == {first}
    assert await memory.like(LIKE, 10) == (first,)
    assert await memory.record(book, "web-application") == Record(trials=1, successes=0)


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.VERIFIED}))
async def test_6_what_was_not_verified_stays_as_it_is(memory: Memory, outcome: Outcome) -> None:
    kept = lesson("inc-1", runbook("one"), outcome)
    await memory.learn(kept, 1)
    assert await memory.came_back("inc-1", 1, "inc-2") == kept
    assert await memory.came_back("inc-1", 2, "inc-2") is None
    assert await memory.came_back("inc-9", 1, "inc-2") is None
    assert await memory.like(LIKE, 10) == (kept,)


def test_a_lesson_that_did_not_come_back_is_written_as_ever() -> None:
    """Also an older version reads it."""
    kept = lesson("inc-1", runbook("one"), Outcome.VERIFIED)
    assert "came_back_as" not in kept.model_dump_json()


async def test_a_lesson_from_before_the_columns_is_found(empty_database_url: str) -> None:
    """An installation of the version before goes on with what it had learned."""
    engine = open_engine(empty_database_url)
    scripts = Config()
    scripts.set_main_option("script_location", str(Path(migrations.__file__).parent))
    scripts.set_main_option("path_separator", "os")
    old = lesson("inc-1", runbook("one"), Outcome.VERIFIED)
    with engine.begin() as connection:
        scripts.attributes["connection"] = connection
        command.upgrade(scripts, "0003")
        connection.execute(
            text(
                "INSERT INTO memory_lessons (incident, attempt, service_kind, runbook, "
                "runbook_digest, outcome, document) VALUES ('inc-1', 1, 'web-application', "
                "'one', :digest, 'verified', :document)"
            ),
            {"digest": old.runbook_digest, "document": old.model_dump_json()},
        )
    migrate(engine)
    assert await memory_in(engine).like(LIKE, 10) == (old,)
    engine.dispose()
