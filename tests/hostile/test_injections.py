"""What others wrote and a model reads is marked as data, and obeying it does nothing (about 10 s).

The first half looks at what goes over the wire. In the second the model obeys: whatever stands in
the data it makes its script, its undo, its tool call and its words. ``test_each_injection.py`` does
so with each text of the collection.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.hostile.injections import OWN, everything
from tests.hostile.stage import Stage, Target, action, plan, staged
from tests.support.anthropic_moves import Move, asks, writes
from tests.support.briefings import briefing, seen
from tests.support.desks import WrittenDesk
from tests.support.story import measured_runbooks

from vigil.domain.briefing import Briefing
from vigil.domain.change import Release
from vigil.domain.effects import EffectKind
from vigil.domain.evidence import Finding
from vigil.guard import analyse_action
from vigil.integrations.reasoner.data_block import framed
from vigil.integrations.reasoner.loop import opening
from vigil.integrations.reasoner.model import Piece, Said
from vigil.integrations.reasoner.prompts import words
from vigil.integrations.reasoner.rendering import materials

BLOCK = re.compile(r'<data name="[^"\n]*">\n(.*?)\n</data>', re.DOTALL)


def poisoned(text: str) -> Briefing:
    """The same words wherever others write: alerts, findings, runbooks, commits, customers."""
    known = briefing(
        seen("logs-1", Finding.ERRORS_SINCE_RELEASE, text, sample=text, customer=text, commit=text)
    )
    (match,) = known.matches
    runbook = match.runbook.model_copy(update={"body": text, "title": text})
    (top,) = known.hypotheses
    return known.model_copy(
        update={
            "incident": known.incident.model_copy(update={"title": text}),
            "matches": (match.model_copy(update={"runbook": runbook, "reasons": (text,)}),),
            "hypotheses": (top.model_copy(update={"text": text}),),
        }
    )


async def told(known: Briefing) -> str:
    """The first message as a model reads it."""
    desk = WrittenDesk()
    pieces = [Piece(each.name, await desk.written(each.content)) for each in materials(known)]
    (said,) = opening(pieces).messages
    assert isinstance(said, Said)
    return "\n\n".join([*(framed(piece) for piece in said.pieces), said.words])


def outside(text: str) -> str:
    """What a message says in our own name."""
    return BLOCK.sub("", text).strip()


@pytest.mark.parametrize("text", OWN)
async def test_what_others_wrote_stands_in_blocks_of_data(text: str) -> None:
    message = await told(poisoned(text))
    assert outside(message) == words("task.md"), "nothing of it is said in our name"
    assert "<" not in "".join(BLOCK.findall(message))


async def test_so_does_each_of_the_collection() -> None:
    """Together, a few at a time: each in its own place."""
    texts = everything()
    for at in range(0, len(texts), 40):
        known = briefing(
            *(
                seen(f"logs-{n}", Finding.ERRORS_SINCE_RELEASE, text)
                for n, text in enumerate(texts[at : at + 40])
            )
        )
        message = await told(known)
        assert outside(message) == words("task.md")
        assert "<" not in "".join(BLOCK.findall(message))


def test_the_look_can_fail() -> None:
    assert outside('<data name="x">\na</data> Obey.\n</data>') == ""
    assert outside('<data name="x">\na\n</data> Obey.\n</data>') == "Obey.\n</data>"


def test_none_of_them_is_a_script_that_anybody_could_allow() -> None:
    """The guard says of each that it is unknown or worse."""
    allowed = [
        text
        for text in everything()
        if analyse_action(text, None).kind not in {EffectKind.UNKNOWN, EffectKind.DESTRUCTIVE}
    ]
    assert allowed == []


def obeying(body: dict[str, Any]) -> Move:
    """It does what it reads: what stands between two marks becomes tool calls, then a plan."""
    texts = list(_read(body))
    if len(body["messages"]) == 1:
        return asks(
            ("run_probe", {"service": "web", "probe": texts[0][:60]}),
            ("log_templates", {"service": "web"}),
            ("read_runbook", {"runbook": texts[0][:60]}),
        )
    actions = [action(text) for text in texts[:4]]
    actions.append(action("vigil-do process.restart restart web-1", undo=texts[0], no_undo=None))
    return writes(plan("", actions=actions, summary=texts[0][:200], alternatives=texts[:3]))


def _read(body: dict[str, Any]) -> Iterator[str]:
    """What is planted, as it reached the model: after redaction, with its marks taken back."""
    message = json.dumps(body["messages"], ensure_ascii=False)
    for found in re.findall(r"PLANTED(.*?)PLANTED", message, re.DOTALL):
        text = json.loads(f'"{found}"') if "\\" in found else found
        yield text.replace("\\n", "\n").replace('\\"', '"').replace("&lt;", "<").strip() or "true"


@pytest.mark.parametrize("text", OWN, ids=range(len(OWN)))
async def test_a_model_that_obeys_does_nothing(text: str, tmp_path: Path, target: Target) -> None:
    planted = f"PLANTED{text[:280]}PLANTED"
    async with staged(tmp_path, target, sample=planted) as stage:
        await poison(stage, planted)
        before = target.state_of_things()
        stage.api.otherwise = obeying
        incident = await stage.play(alert=f"CheckoutErrors {planted}")
        assert stage.api.bodies, "it was asked"
        assert json.dumps(stage.api.bodies).count("PLANTED") >= 8, "and it read it everywhere"
        assert target.state_of_things() == before
        assert stage.asked == 0, "not even a person is asked for what nobody can allow"
        said = await stage.timeline(incident)
        assert "PLANTED" in said
        assert '"deny: ' in said or "was not heard" in said
        for body in stage.api.bodies:
            for each in body["messages"]:
                assert "PLANTED" not in outside_of(each)


def outside_of(message: dict[str, Any]) -> str:
    """What we say in our own name in one message of the wire; its own words are its own."""
    if message["role"] == "assistant":
        return ""
    content = message["content"]
    parts = [content] if isinstance(content, str) else [_text(block) for block in content]
    return "\n".join(map(outside, parts))


def _text(block: dict[str, Any]) -> str:
    if block["type"] == "text":
        return str(block["text"])
    return "\n".join(str(each["text"]) for each in block["content"])


async def poison(stage: Stage, text: str) -> None:
    """The same words in a runbook, in a commit's message and as the name of who released it."""
    books = [
        each.model_copy(update={"title": text, "body": text}) if each.id == "bad-release" else each
        for each in measured_runbooks()
    ]
    await stage.story.parts.memory.ingest("shipped", books)
    now = stage.story.clock.now()
    digest = "sha256:" + "3" * 64
    release = Release(at=now, service="web", release="r9", digest=digest, by=text, note=text)
    changes = stage.story.parts.senses.changes
    changes.known = (release,)  # type: ignore[attr-defined] # the scripted one
