"""What a log says, as templates with counts: the lines that differ only in their values are one.

Mined by Drain. The lines are untrusted text; what is asked for is bounded, whatever they are.
"""

import logging
from collections.abc import Iterator, Sequence

from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig

from vigil.domain.scrub import clean
from vigil.domain.telemetry import MOST_EXAMPLES, LogTemplate
from vigil.domain.value import Instant
from vigil.integrations._clients.files import read_tail
from vigil.integrations._clients.log_lines import log_line
from vigil.integrations.telemetry.logs import MOST_BYTES, MOST_GROUPS, MOST_LINE_BYTES, MOST_LINES

MOST_CLUSTERS = 1000
"""Templates that are told apart at once; beyond it the one seen longest ago is forgotten."""
MOST_MESSAGE = 500
_LIKE = 0.4
"""Of the words of two lines, how many are the same in one template; Drain's own default."""
_VALUES = (
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    r"(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?",
    r"\b0x[0-9a-fA-F]{1,32}\b",
    r"(?<![A-Za-z])-?\d{1,40}",
)
"""What differs from line to line in every log."""
_NOT_OURS = logging.getLogger("drain3")


class _Seen:
    """What is known of one template while lines are read."""

    def __init__(self, first: Instant) -> None:
        self.count = 0
        self.first = self.last = first
        self.examples: list[str] = []

    def add(self, at: Instant, example: str) -> None:
        self.count += 1
        self.first, self.last = min(self.first, at), max(self.last, at)
        if len(self.examples) < MOST_EXAMPLES and example not in self.examples:
            self.examples.append(example)


def log_templates(
    sources: Sequence[tuple[str, str]], since: Instant
) -> tuple[LogTemplate, ...] | None:
    """Templates over (path, instance) files, most frequent first; None when none can be read."""
    miner, seen, anything_read = _miner(), dict[int, _Seen](), False
    for path, _ in sources:
        lines = read_tail(path, MOST_BYTES)
        if lines is None:
            continue
        anything_read = True
        for at, message in _messages(lines[-MOST_LINES:], since):
            cluster = miner.add_log_message(message)["cluster_id"]
            seen.setdefault(cluster, _Seen(at)).add(at, message)
    if not anything_read:
        return None
    texts = {cluster.cluster_id: cluster.get_template() for cluster in miner.drain.clusters}
    found = [
        LogTemplate(
            text=texts.get(number, one.examples[0]),
            count=one.count,
            first_at=one.first,
            last_at=one.last,
            examples=tuple(one.examples),
        )
        for number, one in seen.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.text))[:MOST_GROUPS])


def _messages(lines: Sequence[bytes], since: Instant) -> Iterator[tuple[Instant, str]]:
    for raw in lines:
        line = log_line(raw) if len(raw) <= MOST_LINE_BYTES else None
        if line is None or line.at < since:
            continue
        said = next(
            (line.entry[name] for name in ("event", "message", "msg") if line.entry.get(name)), None
        )
        if isinstance(said, str) and (text := clean(said, MOST_MESSAGE)):
            yield line.at, text


def _miner() -> TemplateMiner:
    _NOT_OURS.setLevel(logging.ERROR)
    config = TemplateMinerConfig()
    config.drain_sim_th = _LIKE
    config.drain_max_clusters = MOST_CLUSTERS
    config.mask_prefix, config.mask_suffix = "<", ">"
    config.masking_instructions = [MaskingInstruction(pattern, "*") for pattern in _VALUES]
    return TemplateMiner(config=config)
