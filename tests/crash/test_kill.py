"""kill -9 at every stage, between call and record of an effect, and around a person's answer.

One real shop and one real Vigil for all (some 110 s on 2 cores). Where a kill hit is read in the
record after it; what was done is counted at the shop.
"""

from collections.abc import Iterator

import pytest
from tests.support.killing import Killing, Point, Seen, Story
from tests.support.sights import ANY, CLOSING, STAGES
from tests.support.vigils import Whom

pytestmark = [pytest.mark.lab, pytest.mark.takes(200), pytest.mark.timeout(300)]

SWITCH = "release.switch"
RESTART = "process.restart"
MOST_STORIES = 4


@pytest.fixture(scope="module")
def killing() -> Iterator[Killing]:
    with Killing(seed=3) as made:
        yield made
    assert made.left_over() == []


def assert_healed(story: Story, killing: Killing) -> None:
    """Nothing was lost, nothing was done twice, and it ended right."""
    assert (story.incidents, story.attempt) == (1, 1)
    assert (story.stage, story.outcome) == ("RESOLVED", "verified")
    assert story.entered == [*STAGES[1:], "RESOLVED"]
    for once in ("opened", "hypotheses", "planned", "judged", "baseline", "executed", "proof"):
        assert story.kinds.count(once) == 1, once
    assert story.switches == story.link_changes == 1
    names = killing.rehearsal.lab.config.names
    assert story.starts == dict.fromkeys(names.web_instances, 1)
    assert story.judge == []
    audit = killing.rehearsal.audit()
    assert audit["verified"], audit


def test_killed_in_every_stage_and_between_call_and_record(killing: Killing) -> None:
    points = [
        *(Point(stage) for stage in STAGES[:5]),
        Point("EXECUTING", Whom.BOTH, effect=SWITCH),
        # Once before the target feels it, once after: the link and the first instance are two.
        Point("EXECUTING", Whom.BOTH, effect=RESTART),
        Point("EXECUTING", Whom.BOTH, effect=RESTART, touched=2),
        Point("VERIFYING", delay_s=2.0),
        Point(CLOSING),
    ]
    stories = [killing.run(points)]
    # On a busy machine a stage is over before it is seen; once more then, and not without end.
    while (missed := stories[-1].missed) and len(stories) < MOST_STORIES:
        stories.append(killing.run([each for each in points if each.name in missed]))
    for story in stories:
        assert_healed(story, killing)
    kills = [kill for story in stories for kill in story.kills]
    assert {kill.hit for kill in kills} == {*STAGES, CLOSING}
    assert {kill.effect for kill in kills} >= {SWITCH, RESTART}
    assert stories[-1].missed == []


def test_killed_around_an_approval_and_the_runner_alone(killing: Killing) -> None:
    decided: list[int] = []

    def approve(whose: Killing, seen: Seen) -> None:
        assert seen.incident is not None
        decided.append(whose.approve(seen.incident))

    killing.ask(always=True)
    story = killing.run(
        [
            Point(ANY, Whom.BOTH),
            Point(ANY, delay_s=0.7),
            Point("SYNTHESIZING", waiting=True),
            Point("SYNTHESIZING", waiting=True, before=approve),
            Point("EXECUTING", Whom.RUNNER, effect=SWITCH),
            Point("EXECUTING", Whom.VIGIL, effect=RESTART),
            Point("VERIFYING", Whom.RUNNER),
            Point(CLOSING, Whom.BOTH),
        ]
    )
    assert_healed(story, killing)
    assert decided == [200]
    assert story.kinds.count("waiting") == story.kinds.count("approved") == 1
    assert story.missed == []
