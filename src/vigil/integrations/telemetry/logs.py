"""Group the error lines of JSON-lines log files. The lines are untrusted text."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from vigil.domain.telemetry import ErrorGroup, ErrorOrigin
from vigil.domain.value import Instant
from vigil.integrations._clients.files import read_tail
from vigil.integrations.telemetry.logline import ErrorLine, read_line

MOST_BYTES = 4 * 1024 * 1024
MOST_LINES = 20_000
MOST_LINE_BYTES = 64 * 1024
MOST_GROUPS = 50
MOST_INSTANCES = 50


class _Key(NamedTuple):
    type: str
    release: str | None


class _Group:
    """What is known of one group while lines are read; one sample, not all of them."""

    def __init__(self, first: ErrorLine) -> None:
        self.newest = first
        self.first_at = first.at
        self.count = 0
        self.origins: Counter[ErrorOrigin] = Counter()
        self.instances: dict[str, None] = {}

    def add(self, line: ErrorLine, instance: str) -> None:
        self.count += 1
        self.origins[line.origin] += 1
        self.first_at = min(self.first_at, line.at)
        if line.at >= self.newest.at:
            self.newest = line
        if len(self.instances) < MOST_INSTANCES:
            self.instances.setdefault(line.instance or instance)

    def value(self, key: _Key) -> ErrorGroup:
        return ErrorGroup(
            type=key.type,
            origin=self.origins.most_common(1)[0][0],
            release=key.release,
            count=self.count,
            first_at=self.first_at,
            last_at=self.newest.at,
            instances=tuple(self.instances),
            sample=self.newest.sample,
            frame=self.newest.frame,
        )


def error_groups(
    sources: Sequence[tuple[str, str]], since: Instant
) -> tuple[ErrorGroup, ...] | None:
    """Groups over (path, instance) files, most frequent first; None when none can be read."""
    groups: dict[_Key, _Group] = {}
    anything_read = False
    for path, instance in sources:
        lines = read_tail(path, MOST_BYTES)
        if lines is None:
            continue
        anything_read = True
        for line in _errors(lines[-MOST_LINES:], since):
            key = _Key(line.type, line.release)
            groups.setdefault(key, _Group(line)).add(line, instance)
    if not anything_read:
        return None
    ordered = sorted(groups.items(), key=lambda item: (-item[1].count, item[0].type))
    return tuple(group.value(key) for key, group in ordered[:MOST_GROUPS])


def _errors(lines: Iterable[bytes], since: datetime) -> Iterable[ErrorLine]:
    for raw in lines:
        if len(raw) <= MOST_LINE_BYTES and (line := read_line(raw)) and line.at >= since:
            yield line
