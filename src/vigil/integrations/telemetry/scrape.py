"""Fetch one Prometheus text endpoint and keep the counters that somebody asks for."""

import math
import re
from collections.abc import Callable

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from vigil.domain.scrub import clean
from vigil.integrations._clients.http import read_body
from vigil.integrations.telemetry.series import MOST_SERIES, Series

MOST_BYTES = 1024 * 1024
MOST_LINES = 20_000
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


class NotScraped(Exception):
    """The endpoint gave no answer that can be trusted; the message says why."""


async def scrape(
    client: httpx2.AsyncClient, url: str, wanted: Callable[[str], bool]
) -> dict[Series, float]:
    """The wanted counters of one endpoint; NotScraped when they cannot be known."""
    try:
        async with client.stream("GET", url) as response:
            if response.status_code != httpx2.codes.OK:
                raise NotScraped(f"answered {response.status_code}")
            body = await read_body(response, MOST_BYTES)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        raise NotScraped(clean(f"{type(error).__name__} {error}", 300)) from error
    if not body.complete:
        # Half of the counters would make half of the errors.
        raise NotScraped(f"the answer is longer than {MOST_BYTES} bytes")
    return parse(body.content.decode(errors="replace"), wanted)


def parse(text: str, wanted: Callable[[str], bool]) -> dict[Series, float]:
    """The wanted samples; NotScraped when one of their lines is broken.

    Other lines are not even parsed, so that their mistakes do no harm and they cost no time.
    """
    lines = text.split("\n", MOST_LINES)
    if len(lines) > MOST_LINES:
        raise NotScraped(f"the answer has more than {MOST_LINES} lines")
    ours = "\n".join(line for line in lines if (name := _NAME.match(line)) and wanted(name.group()))
    try:
        found = {
            Series(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(ours)
            for sample in family.samples
            if math.isfinite(sample.value) and sample.value >= 0
        }
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # The parser has no error of its own; broken lines end in any of these.
        raise NotScraped(f"the text cannot be parsed: {type(error).__name__}") from error
    if len(found) > MOST_SERIES:
        raise NotScraped(f"the answer has more than {MOST_SERIES} counters that are asked for")
    return found
