"""What the release log may make anybody believe, and what it may not (below 1 s)."""

import pytest
from tests.phases.test_orient import errors, found, look, release
from tests.support.world import NEW, OLD

from vigil.domain.change import Release
from vigil.domain.evidence import Evidence, Finding
from vigil.domain.telemetry import ErrorOrigin
from vigil.orient.investigators.errors import FEWEST

OTHER = "sha256:" + "3" * 64


def older(digest: str = OLD, seconds_before: float = 9000) -> Release:
    return release(seconds_before, "r1").model_copy(update={"digest": digest, "previous": None})


async def released(*releases: Release) -> Evidence:
    """The first piece of evidence that these leave; newest first, as the port gives them."""
    investigation, _ = await look("releases", released=releases)
    return investigation.evidence[0]


async def test_what_was_replaced_is_told_when_two_lines_agree() -> None:
    seen = await released(release(60), older(OLD))
    assert seen.finding is Finding.RELEASE_RECENT
    assert (seen.data["digest"], seen.data["previous"]) == (NEW, OLD)


@pytest.mark.parametrize(
    "releases",
    [
        (release(60).model_copy(update={"previous": OTHER}), older(OLD)),
        (release(60), older(OTHER)),
        (release(60),),
    ],
    ids=["the newest line is forged", "the line before is forged", "there is no line before"],
)
async def test_one_line_alone_does_not_choose_what_to_switch_to(
    releases: tuple[Release, ...],
) -> None:
    seen = await released(*releases)
    assert seen.finding is Finding.RELEASE_RECENT
    assert seen.data["previous"] is None


async def test_lines_from_the_future_are_left_out() -> None:
    seen = await released(release(-3600, "r9"), release(60), older())
    assert seen.data["release"] == "r2"
    alone = await released(release(-3600, "r9"))
    assert alone.finding is Finding.NO_RELEASE_RECENT


@pytest.mark.parametrize(
    ("seconds_before", "words"),
    [(30.0, "30 s before the incident"), (-30.0, "30 s after the incident")],
)
async def test_before_and_after_the_incident_are_told_apart(
    seconds_before: float, words: str
) -> None:
    assert words in (await released(release(seconds_before), older())).text


@pytest.mark.parametrize(
    ("seconds_before", "just_before"),
    [(-30.0, False), (0.0, True), (1.0, True), (120.0, True), (121.0, False), (1700.0, False)],
)
async def test_a_release_of_the_last_two_minutes_came_just_before(
    seconds_before: float, just_before: bool
) -> None:
    investigation, _ = await look("releases", released=(release(seconds_before), older()))
    more = [Finding.RELEASE_JUST_BEFORE] if just_before else []
    assert found(investigation) == [Finding.RELEASE_RECENT, *more]


async def test_vigils_own_switch_did_not_come_just_before() -> None:
    investigation, _ = await look("releases", released=(release(60, by="vigil"), older()))
    assert found(investigation) == [Finding.NO_RELEASE_RECENT]
    assert "switched back" in investigation.evidence[0].text


@pytest.mark.parametrize("count", range(1, FEWEST + 2))
async def test_fewer_than_three_lines_say_nothing_of_a_release(count: int) -> None:
    log = (errors(ErrorOrigin.CODE, "r2").model_copy(update={"count": count}),)
    investigation, _ = await look("errors", log=log, released=(release(60), older()))
    since = [Finding.ERRORS_SINCE_RELEASE] if count >= 3 else []
    assert found(investigation) == [Finding.CODE_ERRORS, *since]
