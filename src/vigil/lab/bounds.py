"""More than a scenario allows: what was done to the shop, against what its cure needs."""

from collections.abc import Iterator

from vigil.lab.judge import Counters
from vigil.lab.names import Names
from vigil.lab.scenario import AtMost, Expect, Part


def breaches(expect: Expect, mark: Counters, after: Counters, names: Names) -> tuple[str, ...]:
    """Each bound that was overstepped since the mark, in words; empty when all were kept."""
    found = [] if expect.at_most is None else [*_too_much(expect.at_most, mark, after, names)]
    if expect.rolled_back and after.release != mark.release:
        found.append(f"{after.release} is current at the end, expected {mark.release} as before")
    return tuple(found)


def _too_much(most: AtMost, mark: Counters, after: Counters, names: Names) -> Iterator[str]:
    counted = [
        ("switches of the release", after.switches_since(mark), most.switches),
        ("ended sessions", after.ended_since(mark), most.sessions),
    ]
    starts = after.starts_since(mark)
    for part in Part:
        count = sum(starts.pop(process, 0) for process in _processes(part, names))
        counted.append((f"starts of the {part}", count, most.starts.get(part, 0)))
    # What is no part of the shop is nobody's to start.
    counted += [(f"starts of {process}", count, 0) for process, count in starts.items()]
    for what, count, bound in counted:
        if count > bound:
            yield f"{count} {what} were counted at the shop, at most {bound} expected"


def _processes(part: Part, names: Names) -> tuple[str, ...]:
    return names.web_instances if part is Part.WEB else (str(getattr(names, part)),)
