"""Who changes how a service is set up, between a plan and its act, ends the plan (4 s)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.phases.values import RESTART, SWITCH_BACK, SWITCH_FORTH
from tests.support.story import PowerCut, Story, teach
from tests.support.world import NEW, ScriptedChanges, catalogue

from vigil.domain.catalogue import Autonomy, Catalogue
from vigil.domain.incident import Incident, Stage, WaitingOn
from vigil.domain.proof import Outcome
from vigil.domain.run import RunOrder
from vigil.domain.runbook import Step
from vigil.domain.verbs.config import ConfigKey, ConfigSetGrant
from vigil.domain.verdict import Answer, Approval
from vigil.integrations.changes.embedded import FileChanges


class Files:
    """The configuration of the service: one file that a grant may change, and one that none may."""

    def __init__(self, folder: Path) -> None:
        self.own, self.other = folder / "own.env", folder / "other.yaml"
        self.own.write_text("WORKERS=4\n")
        self.other.write_text("pool: 10\n")

    def catalogue(self, autonomy: Autonomy) -> Catalogue:
        known = catalogue(autonomy)
        web = known.services["web"]
        setting = ConfigSetGrant(
            verb="config.set",
            file=str(self.own),
            format="env",
            keys={"WORKERS": ConfigKey(type="integer", min=1, max=9)},
        )
        changes = web.changes.model_copy(update={"configuration": (str(self.other),)})
        web = web.model_copy(
            update={"grants": {**web.grants, "setting": setting}, "changes": changes}
        )
        return known.model_copy(update={"services": {**known.services, "web": web}})


SET = Step(
    title="six workers",
    script="vigil-do config.set setting WORKERS 6\n",
    verbs=("config.set",),
    undo="vigil-do config.set setting WORKERS 4\n",
)
BACK = Step(title="back", script=SWITCH_BACK, verbs=("release.switch",), undo=SWITCH_FORTH)
AGAIN = Step(
    title="again", script=RESTART, verbs=("process.restart",), no_undo="it is running again"
)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def watched(story: Story, files: Files, *steps: Step, autonomy: Autonomy) -> None:
    """Vigil looks at these files as it does in an installation, and does what is written here."""
    known = files.catalogue(autonomy)
    of_files = FileChanges(known)

    class Changes(ScriptedChanges):
        configuration = of_files.configuration  # the real one

    changes = Changes(story.shop.releases())
    story.with_parts(
        catalogue=known,
        senses=replace(story.parts.senses, changes=changes),
    )
    await teach(story, *(steps or (BACK, AGAIN)))


async def approved(story: Story, meanwhile: Callable[[], object]) -> Incident:
    """It waits for a person, something happens, and the person says yes."""
    incident = await story.hear()
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    assert incident.waiting_on is WaitingOn.APPROVAL
    assert incident.plan_digest is not None
    meanwhile()
    yes = Approval(
        plan_digest=incident.plan_digest, answer=Answer.APPROVED, by="Ada", at=story.clock.now()
    )
    assert (await story.journal.answer(incident.id, yes)).won
    await story.go_on()
    return await story.journal.incident(incident.id)


@pytest.mark.parametrize("change", ["written", "removed", "own", "touched", "nothing"])
async def test_what_somebody_changed_since_the_plan_was_made_ends_it(
    story: Story, files: Files, change: str
) -> None:
    meanwhile: dict[str, Callable[[], object]] = {
        "written": lambda: files.other.write_text("pool: 99\n"),
        "removed": files.other.unlink,
        "own": lambda: files.own.write_text("WORKERS=5\n"),
        "touched": lambda: files.other.write_text("pool: 10\n"),
        "nothing": lambda: None,
    }
    await watched(story, files, autonomy=Autonomy.APPROVE)
    incident = await approved(story, meanwhile[change])
    if change in {"touched", "nothing"}:
        assert incident.outcome is Outcome.VERIFIED
        return
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    which = files.own if change == "own" else files.other
    assert f"after this plan was made, somebody changed {which}." in await story.ending(incident.id)
    assert story.sandbox.asked.total() == 0
    assert await story.locks_are_free()


@pytest.mark.parametrize("whose", ["own", "other"])
async def test_between_two_actions_only_what_the_plan_did_not_change_itself_ends_it(
    story: Story, files: Files, whose: str
) -> None:
    await watched(story, files, SET, BACK, autonomy=Autonomy.AUTO)

    def change(order: RunOrder) -> None:
        if order.action == "action-1":
            getattr(files, whose).write_text("WORKERS=6\n")

    story.sandbox.before = change
    incident = await story.hear()
    await story.go_on()
    incident = await story.journal.incident(incident.id)
    if whose == "own":
        assert incident.outcome is Outcome.VERIFIED
        return
    assert incident.outcome is Outcome.NOT_FIXED
    assert len(story.sandbox.ran) == 1, "neither the second action nor the undo of the first"
    ending = await story.ending(incident.id)
    assert f"Since the plan was made, somebody changed {files.other}" in ending
    assert f"It was not undone: somebody changed {files.other} meanwhile." in ending


async def test_what_it_changed_before_a_power_cut_is_its_own_afterwards(
    story: Story, files: Files
) -> None:
    await watched(story, files, SET, BACK, autonomy=Autonomy.AUTO)
    cuts = 1

    def change(_: RunOrder) -> None:
        nonlocal cuts
        files.own.write_text("WORKERS=6\n")
        if cuts:
            cuts -= 1
            raise PowerCut

    story.sandbox.before = change
    incident = await story.hear()
    with pytest.raises(PowerCut):
        await story.go_on()
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.VERIFIED


async def test_its_undo_may_change_back_what_it_changed(story: Story, files: Files) -> None:
    await watched(story, files, SET, autonomy=Autonomy.AUTO)

    def change(order: RunOrder) -> None:
        files.own.write_text(f"WORKERS={len(order.run_key)}\n")

    story.sandbox.before = change
    incident = await story.hear()
    await story.go_on()
    assert (await story.journal.incident(incident.id)).outcome is Outcome.NOT_FIXED
    assert story.shop.release == NEW
    assert story.shop.done == ["config.set WORKERS 6", "config.set WORKERS 4"]


async def test_a_file_system_that_does_not_answer_is_no_yes(story: Story, files: Files) -> None:
    await watched(story, files, autonomy=Autonomy.APPROVE)

    def silent() -> None:
        changes = ScriptedChanges(story.shop.releases(), configured=lambda: None)
        story.with_parts(senses=replace(story.parts.senses, changes=changes))

    incident = await approved(story, silent)
    assert incident.outcome is Outcome.NOT_EXECUTED
    assert "nobody can tell whether" in await story.ending(incident.id)


def changed(story: Story, **of_grant: object) -> Callable[[], None]:
    """The catalogue is another one by now, as after a restart with another vigil.yaml."""

    def change() -> None:
        known = story.parts.catalogue
        web = known.services["web"]
        grants = {
            name: grant.model_copy(update={k: v for k, v in of_grant.items() if hasattr(grant, k)})
            for name, grant in web.grants.items()
        }
        web = web.model_copy(update={"grants": grants})
        services = {**known.services, "web": web}
        story.with_parts(catalogue=known.model_copy(update={"services": services}))

    return change


@pytest.mark.parametrize(
    ("of_grant", "ends"),
    [
        ({"link": "/srv/another/current"}, True),
        ({"file": "/srv/another.env"}, False),
        ({}, False),
    ],
    ids=["of its own", "of another grant", "nothing"],
)
async def test_what_was_approved_is_not_done_elsewhere_under_the_same_name(
    story: Story, files: Files, of_grant: dict[str, object], ends: bool
) -> None:
    await watched(story, files, BACK, autonomy=Autonomy.APPROVE)
    incident = await approved(story, changed(story, **of_grant))
    if not ends:
        assert incident.outcome is Outcome.VERIFIED
        return
    assert (incident.stage, incident.outcome) == (Stage.ESCALATED, Outcome.NOT_EXECUTED)
    ending = await story.ending(incident.id)
    assert "somebody changed what the catalogue says of its grants: release" in ending
    assert story.sandbox.asked.total() == 0
