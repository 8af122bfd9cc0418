"""Whether an HTTP answer is what its step expects."""

import json
from typing import NoReturn

import httpx2

from vigil.domain.json_path import nodes
from vigil.domain.probe import HttpStep
from vigil.integrations._clients.http import IDENTITY, Body, shown
from vigil.integrations.probes.sight import Sight, failing, passing, unknown

MOST_BYTES = 1024 * 1024
FRESH = {**IDENTITY, "cache-control": "no-cache"}
"""What a cache between here and there remembers says nothing about the service now."""


def answered(step: HttpStep, response: httpx2.Response) -> str:
    """How every sentence about an answer begins: also where it led, and how old it is."""
    begin = f"{step.method} {shown(step.url)} answered {response.status_code}"
    if (place := shown(str(response.url))) != shown(step.url):
        begin += f" at {place}"
    age = response.headers.get("age", "0")
    return begin if age.strip("0") == "" else f"{begin} from a cache (age {age[:10]} s)"


def judge(step: HttpStep, response: httpx2.Response, body: Body) -> Sight:
    """Status, headers, text and values, in this order; the first that is otherwise is told."""
    begin, expect = answered(step, response), step.expect
    if response.status_code != expect.status:
        return failing(f"{begin}, expected {expect.status}.")
    for name, expected in expect.headers.items():
        value = response.headers.get(name)
        missed = expected.missed_by(() if value is None else (value,))
        if missed is not None:
            return failing(f"{begin}, but the header {name} {missed}.")
    if expect.text is None and not expect.values:
        return passing(f"{begin}, as expected.")
    return _judge_body(step, response, body)


def _judge_body(step: HttpStep, response: httpx2.Response, body: Body) -> Sight:
    begin, expect = answered(step, response), step.expect
    coding = response.headers.get("content-encoding", "identity")
    if coding != "identity":
        return unknown(f"{begin} coded as {coding}, although asked not to; not searched.")
    if expect.text is not None and expect.text not in decoded(response, body):
        where = "in it" if body.complete else f"in its first {MOST_BYTES} bytes"
        return failing(f"{begin}, but '{expect.text}' is not {where}.")
    if expect.values:
        return _judge_values(step, begin, body)
    return passing(f"{begin} with '{expect.text}', as expected.")


def _judge_values(step: HttpStep, begin: str, body: Body) -> Sight:
    if not body.complete:
        return unknown(f"{begin}, with more than {MOST_BYTES} bytes; no values are read of that.")
    try:
        document = json.loads(body.content, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return failing(f"{begin}, but not with JSON.")
    values = step.expect.values
    for path, expected in values.items():
        missed = expected.missed_by(nodes(document, path))
        if missed is not None:
            return failing(f"{begin}, but {path} {missed}.")
    return passing(f"{begin}, and {', '.join(values)} as expected.")


def _no_number(word: str) -> NoReturn:
    """NaN and Infinity are no JSON, and Infinity is above every bound."""
    raise ValueError(word)


def decoded(response: httpx2.Response, body: Body) -> str:
    """The answer as text, in the character set that it names."""
    try:
        return body.content.decode(response.charset_encoding or "utf-8", errors="replace")
    except LookupError:  # the server made up a character set
        return body.content.decode("utf-8", errors="replace")
