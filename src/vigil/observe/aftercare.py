"""Aftercare: when what was proven fixed is looked at again, and what a row of looks says.

Only the judgement lives here; looking is `aftercare.py`'s business. What can be looked at all the
time, the watcher looks at; here are also walks through pages, and they do things. So there are few
moments, further and further apart.
"""

from collections.abc import Iterator, Sequence

from vigil.domain.afterlook import MOMENTS_S, Afterlook
from vigil.domain.alert import Alert, AlertStatus
from vigil.domain.catalogue import Symptom
from vigil.domain.change import Release
from vigil.domain.identity import content_digest
from vigil.domain.incident import Incident
from vigil.domain.inventory import Kind, Loss
from vigil.domain.probe import ProbeOutcome, ProbeResult

SOURCE = "aftercare"
FEWEST = 3
"""Looks in a row that fail before it is back, even where the watcher needs fewer: one that fails
may be a restart, or a full disk at the wrong moment."""
OF_THE_SERVICE = frozenset({Kind.INSTANCE, Kind.ENDPOINT, Kind.ROUTE, Kind.ROWS})
"""What is counted of the service itself, and not of how it is watched."""
MOST_SAID = 5
"""Sentences of one look: what else fails with them would say the same."""


def moments(watch_after_s: int) -> tuple[int, ...]:
    """When to look, in seconds after the end; the last is the end of the time."""
    if not watch_after_s:
        return ()
    return (*(moment for moment in MOMENTS_S if moment < watch_after_s), watch_after_s)


def moment_due(age_s: float, watch_after_s: int) -> int:
    """The number of the newest moment that has come, from 1 on; 0 for none.

    Those before it are not made up for: what they would have seen, this one sees.
    """
    return sum(moment <= age_s for moment in moments(watch_after_s))


def failing(results: Sequence[ProbeResult]) -> tuple[ProbeResult, ...]:
    """Those that are there again."""
    return tuple(each for each in results if each.fails)


def said(results: Sequence[ProbeResult], *, back: bool | None, times: int) -> tuple[str, ...]:
    """What was seen in the end, as sentences; ``times`` is how often in a row it failed."""
    return tuple(_said(results, back=back, times=times))[:MOST_SAID]


def _said(results: Sequence[ProbeResult], *, back: bool | None, times: int) -> Iterator[str]:
    if back:
        yield from (f"{each.ref} failed {times} times in a row: {each.text}" for each in results)
    elif back is None:
        unseen = (each for each in results if each.outcome is ProbeOutcome.UNKNOWN)
        yield from (f"Nobody could look through {each.ref}: {each.text}" for each in unseen)
    else:
        yield f"What proved it passes ({', '.join(str(each.ref) for each in results)})."


def replaced(release: Release) -> tuple[str, ...]:
    """Why there is nothing more to look at: what was proven is not what runs."""
    by = release.by or "Somebody"
    return (f"{by} has released {release.release} since then, so nothing says more of this cure.",)


def taken_away(lost: Sequence[Loss]) -> tuple[str, ...]:
    """What is gone of the service itself, as sentences.

    Whom people silence afterwards, and where they look no more, is theirs to say.
    """
    return tuple(loss.text for loss in lost if loss.kind in OF_THE_SERVICE)[:MOST_SAID]


def alert(former: Incident, symptom: Symptom, look: Afterlook) -> Alert:
    """What it tells the inbox; the same each time that it is told of this look."""
    return Alert(
        source=SOURCE,
        name=former.symptom,
        service=former.service,
        status=AlertStatus.FIRING,
        fingerprint=content_digest([former.id, look.number])[7:23],
        severity=symptom.severity,
        summary=f"{former.symptom} came back: {look.seen[0]}",
        starts_at=look.at,
        repeated=False,
    )
