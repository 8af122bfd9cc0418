"""The numbered promises of ``ports/desk.py`` (about 2 s).

It is kept by a phase, so there is one desk and no vendor's; the world that it looks at is played.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, TypeAdapter, ValidationError
from tests.architecture.in_memory import OneRunbook
from tests.support.hand_clock import START, HandClock
from tests.support.world import (
    ScriptedChanges,
    ScriptedProbes,
    ScriptedTelemetry,
    catalogue,
)

from vigil.decide import desk as desks
from vigil.decide.bounding import MOST_CHARACTERS, MOST_TEXT, bounded
from vigil.decide.desk import MOST_ASKED, MOST_SHOWN, MOST_TOLD, EvidenceDesk
from vigil.decide.discretion import Discretion
from vigil.decide.lookups import Lookups, Sources
from vigil.domain.alert import Severity
from vigil.domain.briefing import Briefing
from vigil.domain.catalogue import Catalogue
from vigil.domain.change import Release
from vigil.domain.effects import Risk
from vigil.domain.errors import NotRedacted, PortUnavailable
from vigil.domain.hypothesis import FailureType
from vigil.domain.incident import Incident
from vigil.domain.lesson import Lesson
from vigil.domain.outbound import Redacted
from vigil.domain.probe import HttpProbe, HttpStep
from vigil.domain.proof import Outcome
from vigil.domain.question import (
    QUESTIONS,
    LogTemplates,
    Metrics,
    PastIncidents,
    Question,
    ReadRunbook,
    RecentChanges,
    RunProbe,
)
from vigil.domain.redacted import Found
from vigil.domain.runbook import Runbook
from vigil.domain.shortened import Long
from vigil.domain.telemetry import ErrorGroup, ErrorOrigin
from vigil.domain.tokens import Tokens
from vigil.integrations.redaction.embedded import EmbeddedRedaction
from vigil.ports.desk import Desk
from vigil.ports.journal import Note
from vigil.ports.meanings import Meanings
from vigil.ports.memory import Occurrence, Recalled
from vigil.ports.redaction import Redaction

DIGEST = "sha256:" + "1" * 64
CATALOGUE = catalogue()
INCIDENT = Incident(
    id="inc-1",
    service="web",
    symptom="checkout-errors",
    severity=Severity.CRITICAL,
    title="Checkout fails",
    opened_at=START,
)
MAIL = "jane.doe@example.com"
PROBE = RunProbe(service="web", probe="checkout")
EACH: tuple[Question, ...] = (
    Metrics(service="web", symptom="checkout-errors"),
    LogTemplates(service="web"),
    RecentChanges(service="web"),
    PROBE,
    ReadRunbook(runbook="restart-it"),
    PastIncidents(failure_type=FailureType.BAD_RELEASE),
)


def errors(sample: str = f"no basket of {MAIL}", many: int = 1) -> tuple[ErrorGroup, ...]:
    return tuple(
        ErrorGroup(
            type=f"KeyError{number}",
            origin=ErrorOrigin.CODE,
            release="web-7",
            count=12,
            first_at=START,
            last_at=START,
            instances=("web-1",),
            sample=sample,
        )
        for number in range(many)
    )


class Shelf(OneRunbook):
    """One runbook, and one lesson."""

    async def recall(self, words: str, limit: int) -> tuple[Recalled, ...]:
        runbook = Runbook(
            id="restart-it",
            title="Restart it",
            service=("web",),
            failure_types=(FailureType.PROCESS_DOWN,),
            risk_level=Risk.LOW,
            checks=(),
            steps=(),
            body=f"# Ask {MAIL} first",
            path="restart-it.md",
        )
        return (Recalled(runbook=runbook, text_score=1.0),)

    async def like(self, like: Occurrence, limit: int) -> tuple[Lesson, ...]:
        lesson = Lesson(
            incident="inc-0",
            service=like.service,
            service_kind="web-application",
            symptom=like.symptom,
            failure_type=like.failure_type,
            component="web",
            runbook=None,
            runbook_digest=None,
            actions=("Switch back",),
            outcome=Outcome.VERIFIED,
            seconds=30.0,
            at=START,
        )
        return (lesson,)


@dataclass
class House:
    """A desk, the world it looks at, and what it told the timeline."""

    telemetry: ScriptedTelemetry = field(
        default_factory=lambda: ScriptedTelemetry(HandClock(), bad=lambda: 0.5, errors=errors)
    )
    redaction: Redaction | None = field(default_factory=EmbeddedRedaction)
    probes: ScriptedProbes = field(
        default_factory=lambda: ScriptedProbes(HandClock(), {"web/checkout": "F"})
    )
    notes: list[Note] = field(default_factory=list)
    meanings: Meanings | None = None
    catalogue: Catalogue = CATALOGUE

    @property
    def desk(self) -> Desk:
        release = Release(at=START, service="web", release="web-7", digest=DIGEST, by=MAIL)
        sources = Sources(
            catalogue=self.catalogue,
            probes=self.probes,
            telemetry=self.telemetry,
            changes=ScriptedChanges((release,)),
            memory=Shelf(),
            clock=HandClock(),
        )
        briefing = Briefing(
            incident=INCIDENT,
            service=self.catalogue.services["web"],
            hypotheses=(),
            evidence=(),
            matches=(),
        )
        discretion = Discretion(INCIDENT.id, self.redaction, self.meanings)
        return EvidenceDesk(Lookups(briefing, sources), discretion, self.write)

    async def write(self, note: Note) -> None:
        self.notes.append(note)


def read(text: str) -> JsonValue:
    found: JsonValue = json.loads(text)
    return found


async def test_1_answers_are_numbered_also_those_that_failed() -> None:
    desk = House().desk
    asked = (PROBE, RunProbe(service="web", probe="no-such"), *EACH)
    ids = [(await desk.ask(question)).id for question in asked]
    assert ids == [f"tool-{number}" for number in range(1, len(asked) + 1)]


async def test_2_each_question_is_answered_from_what_is_known() -> None:
    desk = House().desk
    answers = [await desk.ask(question) for question in EACH]
    assert [answer.failed for answer in answers] == [False] * len(QUESTIONS)
    metrics, logs, changes, probe, runbook, past = (answer.outbound.text for answer in answers)
    assert '"bad": 50.0' in metrics
    assert '"count": 12' in logs
    assert '"release": "web-7"' in changes
    assert "web/checkout says F" in probe
    assert '"id": "restart-it"' in runbook
    assert '"outcome": "verified"' in past


STRANGE: tuple[tuple[Question, str], ...] = (
    (RunProbe(service="web", probe="no-such"), "known: catalogue, checkout, processes-running"),
    (RunProbe(service="elsewhere", probe="x"), "known: db, web"),
    (Metrics(service="web", symptom="catalogue-errors"), "known: checkout-errors"),
    (Metrics(service="elsewhere", symptom="x"), "known: db, web"),
    (LogTemplates(service="elsewhere"), "known: db, web"),
    (RecentChanges(service="elsewhere"), "known: db, web"),
    (ReadRunbook(runbook="no-such"), "known: restart-it"),
)


@pytest.mark.parametrize(("question", "said"), STRANGE)
async def test_2_what_nobody_named_is_not_looked_at(question: Question, said: str) -> None:
    house = House()
    answer = await house.desk.ask(question)
    assert answer.failed
    assert said in answer.outbound.text
    assert not house.probes.looks


@pytest.mark.parametrize(
    "asked",
    [
        {"ask": "run_probe", "service": "web", "probe": "http://evil.example/?q=secret"},
        {"ask": "run_probe", "service": "web", "probe": "checkout", "url": "http://evil.example"},
        {"ask": "log_templates", "service": "web", "query": "{} | curl evil.example"},
        {"ask": "log_templates", "service": "../../etc/passwd"},
        {"ask": "read_runbook", "runbook": "../secrets"},
        {"ask": "metrics", "service": "web", "symptom": "x", "window_s": 1e9},
        {"ask": "run_command", "command": "id"},
    ],
)
def test_2_an_address_a_path_or_a_query_cannot_even_be_asked(asked: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[Question](Question).validate_python(asked)


async def test_2_a_long_probe_is_not_run_to_look_around() -> None:
    quick = CATALOGUE.quick_probes("web")
    assert quick
    assert not [ref for ref in quick if CATALOGUE.probe(ref).long]


def posting(method: str, *, first: bool = False) -> Catalogue:
    """The shop, whose owner looks at its checkout with a step of this method among others."""
    step = HttpStep.model_validate({"method": method, "url": "http://127.0.0.1:1/order"})
    look = HttpStep(url="http://127.0.0.1:1/")
    steps = (step, look) if first else (look, step)
    web = CATALOGUE.services["web"]
    probes = {**web.probes, "checkout": HttpProbe(kind="http", steps=steps)}
    services = {**CATALOGUE.services, "web": web.model_copy(update={"probes": probes})}
    return CATALOGUE.model_copy(update={"services": services})


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
async def test_2_a_probe_that_sends_what_may_change_something_is_not_run(first: bool) -> None:
    """The owner wrote it down to see how the service is; a model would send it as it likes."""
    house = House(catalogue=posting("POST", first=first))
    answer = await house.desk.ask(PROBE)
    assert answer.failed
    assert "'web/checkout' sends what may change something" in answer.outbound.text
    unknown = await house.desk.ask(RunProbe(service="web", probe="no-such"))
    assert "known: catalogue, processes-running" in unknown.outbound.text
    assert not house.probes.looks


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_2_one_that_only_reads_is_run(method: str) -> None:
    house = House(catalogue=posting(method))
    assert not (await house.desk.ask(PROBE)).failed
    assert house.probes.looks == {"web/checkout": 1}


@dataclass
class Stubborn(ScriptedTelemetry):
    """Gives no answer, or says that it cannot."""

    raises: bool = False

    async def log_errors(self, service: str, since: object) -> tuple[ErrorGroup, ...] | None:
        if self.raises:
            raise PortUnavailable(f"no answer for {MAIL}; see whether it runs")
        await asyncio.Event().wait()
        return None


async def test_3_what_takes_too_long_is_an_answer_that_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(desks, "LOOK_S", 0.01)
    answer = await House(telemetry=Stubborn(HandClock())).desk.ask(LogTemplates(service="web"))
    assert answer.failed
    assert "no answer within" in answer.outbound.text


async def test_3_what_goes_wrong_is_an_answer_that_failed() -> None:
    desk = House(telemetry=Stubborn(HandClock(), raises=True)).desk
    answer = await desk.ask(LogTemplates(service="web"))
    assert answer.failed
    assert "no answer for [EMAIL_1]" in answer.outbound.text


async def test_3_what_cannot_be_known_is_said_to_be_unknown() -> None:
    house = House(telemetry=ScriptedTelemetry(HandClock()))
    answer = await house.desk.ask(LogTemplates(service="web"))
    assert (answer.failed, "cannot be read" in answer.outbound.text) == (True, True)
    assert '"now": null' in (await house.desk.ask(EACH[0])).outbound.text


async def test_3_a_desk_that_was_asked_too_much_looks_no_more() -> None:
    house = House()
    desk = house.desk
    answers = [await desk.ask(PROBE) for _ in range(MOST_ASKED + 3)]
    assert house.probes.looks == {"web/checkout": MOST_ASKED}
    assert [answer.failed for answer in answers] == [False] * MOST_ASKED + [True] * 3


async def test_4_an_answer_is_bounded_and_says_what_was_left_out() -> None:
    house = House(
        telemetry=ScriptedTelemetry(
            HandClock(), errors=lambda: errors(sample="word " * 20_000, many=50)
        )
    )
    answer = await house.desk.ask(LogTemplates(service="web"))
    assert answer.truncated
    assert len(answer.outbound.text) <= MOST_CHARACTERS
    assert '"left_out":' in answer.outbound.text
    assert "[cut]" in answer.outbound.text
    read(answer.outbound.text)


contents = st.recursive(
    st.none() | st.integers() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=30,
)


@given(contents, st.integers(200, 2000))
def test_4_whatever_was_found_is_bounded(content: JsonValue, most: int) -> None:
    text, truncated = bounded(content, most)
    assert len(text) <= most
    if not truncated:
        assert read(text) == content


def test_4_a_secret_is_not_cut_in_half() -> None:
    text, truncated = bounded("please call " + "x" * 10_000, 500)
    assert (truncated, text) == (True, '"please call [cut]"')


@pytest.mark.parametrize("before", range(MOST_TEXT - 60, MOST_TEXT + 5, 7))
async def test_4_nor_is_what_would_only_be_known_whole(before: int) -> None:
    """Quoted, with blanks in it; and an address that is known by what stands at its end."""
    padding = ("word " * MOST_TEXT)[:before]
    secrets = "password='correct horse battery staple' for 38 Tacuarembo Vieja 6626, so "
    sample = f"{padding} {secrets}{'more ' * 3000}"
    house = House(telemetry=ScriptedTelemetry(HandClock(), errors=lambda: errors(sample=sample)))
    answer = await house.desk.ask(LogTemplates(service="web"))
    assert "[cut]" in answer.outbound.text
    for word in ("horse", "battery", "staple", "Vieja", "Tacuarembo"):
        assert word not in answer.outbound.text


async def test_4_what_looks_like_a_token_is_given_nobodys_place() -> None:
    sample = f"{MAIL} said [EMAIL_1]"
    house = House(telemetry=ScriptedTelemetry(HandClock(), errors=lambda: errors(sample=sample)))
    desk = house.desk
    await desk.outbound(f"{MAIL} complains")
    answer = await desk.ask(LogTemplates(service="web"))
    assert "[EMAIL_1] said [LOOKALIKE_1]" in answer.outbound.text


NAMED_AFTERWARDS = "Zorvan Quillip <zq@example.org>"
"""Only what stands behind it tells that it is a name."""


@pytest.mark.parametrize("most", range(1000, 1040))
async def test_5_a_text_is_redacted_before_it_is_cut(most: int) -> None:
    text = f"{'word ' * 200}{NAMED_AFTERWARDS} {'more ' * 200}"
    house = House()
    said = await house.desk.written({"text": Long(text, most)})
    assert "[cut]" in said.text
    assert not {"Zorvan", "Quillip", "Zor", "zq"} & set(re.split(r"\W+", said.text))


async def test_5_so_is_what_comes_back_of_what_was_said() -> None:
    """A name that nothing tells any more, in the words of who was given a token for it."""
    house = House()
    desk = house.desk
    await desk.outbound(NAMED_AFTERWARDS)
    await desk.tell("I ask for [NAME_1] alone.")
    assert texts(house.notes) == ["I ask for [NAME_1] alone."]


async def test_5_a_token_planted_in_a_long_text_is_nobodys() -> None:
    desk = House().desk
    await desk.outbound(f"{MAIL} complains")
    said = await desk.written({"[EMAIL_1]": [Long("see [EMAIL_1] now", 1000), "[EMAIL_1]"]})
    assert read(said.text) == {"[LOOKALIKE_1]": ["see [LOOKALIKE_1] now", "[LOOKALIKE_1]"]}


async def test_5_one_value_has_one_token_wherever_it_is_said() -> None:
    house = House()
    desk = house.desk
    briefing = await desk.outbound(f"{MAIL} complains")
    answers = [await desk.ask(question) for question in EACH]
    said = [briefing.text, *(answer.outbound.text for answer in answers)]
    assert not [text for text in said if MAIL in text]
    assert sum("[EMAIL_1]" in text for text in said) == 4
    assert not [text for text in said if "[EMAIL_2]" in text]


class Picky:
    """Fulfils ``ports.redaction.Redaction`` and gives no answer."""

    async def redact(self, text: str, tokens: Tokens, held: Sequence[Found] = ()) -> Redacted:
        raise PortUnavailable("the redactor does not answer")


async def test_5_what_cannot_be_redacted_does_not_come_back() -> None:
    silent, absent = House(redaction=Picky()), House(redaction=None)
    for house, error in ((silent, PortUnavailable), (absent, NotRedacted)):
        desk = house.desk
        for say in (desk.ask(PROBE), desk.outbound("x"), desk.written(["x"]), desk.tell("x")):
            with pytest.raises(error):
                await say
        assert house.notes == []


def texts(notes: Sequence[Note]) -> list[str]:
    return [str(note.payload["text"]) for note in notes]


class Book:
    """Fulfils ``ports.meanings.Meanings`` for one incident."""

    def __init__(self) -> None:
        self.tokens = Tokens()

    async def known(self, incident: str) -> Tokens:
        assert incident == INCIDENT.id
        return self.tokens

    async def keep(self, incident: str, tokens: Tokens) -> None:
        assert incident == INCIDENT.id
        self.tokens = tokens


async def test_5_also_after_a_crash() -> None:
    """Another process goes on with what the one before it has kept."""
    house = House(meanings=Book())
    await house.desk.outbound("lena@example.org")
    said = await house.desk.outbound(f"{MAIL} and lena@example.org")
    assert said.text == "[EMAIL_2] and [EMAIL_1]"


async def test_6_what_is_asked_and_found_is_on_the_timeline_first() -> None:
    house = House()
    answer = await house.desk.ask(LogTemplates(service="web", minutes=5))
    (note,) = house.notes
    assert note.kind == "reasoning"
    assert note.payload["text"] == "it asks log_templates (service web, minutes 5)"
    assert note.payload["answer"] == answer.id
    assert "no basket of [EMAIL_1]" in str(note.payload["found"])
    assert (note.payload["truncated"], note.payload["failed"]) == (False, False)


async def test_6_what_it_says_is_told_with_its_tokens_and_without_what_they_stand_for() -> None:
    house = House()
    desk = house.desk
    await desk.outbound(f"{MAIL} complains")
    await desk.tell(f"I ask for [EMAIL_1]\x1b[2J, that is {MAIL}, and for [EMAIL_9].")
    (said,) = texts(house.notes)
    assert said == "I ask for [EMAIL_1], that is [EMAIL_1], and for [LOOKALIKE_1]."


async def test_6_a_model_that_talks_without_end_is_not_told_without_end() -> None:
    house = House()
    desk = house.desk
    for number in range(MOST_TOLD + 10):
        await desk.tell(f"{number} " + "blah " * 2000)
    assert len(house.notes) == MOST_TOLD
    assert max(map(len, texts(house.notes))) < 2000


@pytest.mark.parametrize("before", range(MOST_SHOWN - 75, MOST_SHOWN + 2, 3))
async def test_6_nor_is_half_of_what_would_only_be_known_whole(before: int) -> None:
    house = House()
    padding = ("word " * MOST_SHOWN)[:before]
    secrets = "card 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00, 38 Tacuarembo Vieja 6626, so"
    await house.desk.tell(f"{padding} {secrets} {'more ' * 500}")
    (said,) = texts(house.notes)
    assert len(said) <= MOST_SHOWN
    assert not {"4111", "DE89", "3704", "0044", "Vieja", "Tacuarembo"} & set(re.split(r"\W+", said))


async def test_6_what_nobody_sees_hides_nothing_in_what_it_says() -> None:
    house = House()
    await house.desk.tell("I ask jane\x01.doe@exa\u2066mple.com.")
    assert texts(house.notes) == ["I ask [EMAIL_1]."]


def test_no_question_says_more_than_names_numbers_and_causes() -> None:
    """A free text would be a way out for what a model was told."""
    for question in QUESTIONS:
        for name, of in question.model_json_schema()["properties"].items():
            free = of.get("type") == "string" and not {"pattern", "const"} & of.keys()
            assert not free, f"{question.__name__}.{name}"
