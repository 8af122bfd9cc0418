"""What an HTTP answer has to be: headers, values in JSON, and what is sent (below 1 s)."""

import json
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.http_server import Answer, Request, serving
from tests.support.probing import PROBE, http

ORDER = {
    "state": "open",
    "paid": True,
    "total": 12.5,
    "items": [{"sku": "a-1", "price": 5}, {"sku": "b-2", "price": 7.5}],
    "next page": None,
}
TYPE = ("content-type", "application/json; charset=utf-8")


@pytest.mark.parametrize(
    ("values", "outcome", "words"),
    [
        ({"$.state": "open"}, "passing", "and $.state as expected"),
        ({"$.state": "closed"}, "failing", "but $.state is 'open', expected 'closed'"),
        ({"$.state": {"matches": "op.."}}, "passing", ""),
        ({"$.state": {"matches": "op"}}, "failing", "is 'open', expected a match of 'op'"),
        ({"$.paid": True}, "passing", ""),
        ({"$.paid": 1}, "failing", "is true, expected 1"),
        ({"$.items[0].price": 5}, "passing", ""),
        ({"$.items[0].price": 5.0}, "passing", ""),
        ({"$.items[-1]['sku']": "b-2"}, "passing", ""),
        ({"$.total": {"min": 1, "max": 12}}, "failing", "12.5, expected at least 1 and at most 12"),
        ({"$.items": {"min": 2}}, "passing", ""),
        ({"$.items": {"max": 1}}, "failing", "is a list of 2, expected at most 1"),
        ({"$.paid": {"min": 0}}, "failing", "is true, expected at least 0"),
        ({"$.items[2]": {"there": False}}, "passing", ""),
        ({"$.items[2].sku": "c-3"}, "failing", "is not there, expected 'c-3'"),
        ({"$['next page']": {"there": True}}, "passing", ""),
        ({"$.state": {"there": False}}, "failing", "but $.state is there"),
        ({"$": {"max": 9}}, "failing", "is an object"),
        ({"$.state": "open", "$.paid": False}, "failing", "but $.paid is true"),
    ],
)
async def test_2_values_of_an_api_answer(values: dict[str, Any], outcome: str, words: str) -> None:
    body = json.dumps(ORDER).encode()
    async with serving(lambda _: Answer(body=body, headers=(TYPE,))) as server:
        result = await http({"url": server.url(), "expect": {"values": values}})
    assert (result.outcome, words in result.text) == (outcome, True), result.text


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        (b"<h1>Down for maintenance</h1>", "failing", "not with JSON"),
        (b"", "failing", "not with JSON"),
        (b"[" * 100_000, "failing", "not with JSON"),
        (b"1" * 5_000, "failing", "not with JSON"),
        (b"\xff\xfe{", "failing", "not with JSON"),
        (b'{"state": Infinity}', "failing", "not with JSON"),
        (b'"' + b"x" * 1_100_000 + b'"', "unknown", "more than 1048576 bytes"),
        (json.dumps({"state": "x" * 600}).encode(), "failing", f"'{'x' * 60}...'"),
    ],
)
async def test_2_what_is_no_such_json(body: bytes, outcome: str, words: str) -> None:
    expect = {"values": {"$.state": {"matches": "x*"}}}
    async with serving(lambda _: Answer(body=body)) as server:
        result = await http({"url": server.url(), "expect": expect})
    assert (result.outcome, words in result.text) == (outcome, True), result.text


@pytest.mark.parametrize(
    ("headers", "outcome", "words"),
    [
        ({"Content-Type": "application/json; charset=utf-8"}, "passing", "as expected"),
        ({"content-type": {"matches": "application/json(;.*)?"}}, "passing", ""),
        ({"content-type": "text/html"}, "failing", "the header content-type is 'application/json;"),
        ({"cache-control": {"there": True}}, "failing", "cache-control is not there"),
        ({"x-debug": {"there": False}}, "passing", ""),
    ],
)
async def test_2_headers(headers: dict[str, Any], outcome: str, words: str) -> None:
    async with serving(lambda _: Answer(headers=(TYPE,))) as server:
        result = await http({"url": server.url(), "expect": {"headers": headers}})
    assert (result.outcome, words in result.text) == (outcome, True), result.text


async def test_2_an_answer_of_a_cache_says_so_and_is_not_asked_for() -> None:
    async with serving(lambda _: Answer(body=b"x", headers=(("age", "42"),))) as server:
        result = await http({"url": server.url()})
        kept_out = {"url": server.url(), "expect": {"headers": {"age": {"there": False}}}}
        assert (await http(kept_out)).outcome == "failing"
        assert server.requests[0].headers["cache-control"] == "no-cache"
    assert result.outcome == "passing"
    assert "answered 200 from a cache (age 42 s)" in result.text


async def test_2_where_a_redirect_led_is_said() -> None:
    """A page of apologies at another address is seen for what it is."""
    answers = {
        "/": Answer(status=302, headers=(("location", "/sorry?why=t0ken"),)),
        "/sorry?why=t0ken": Answer(body=b"Back soon"),
    }
    async with serving(lambda request: answers[request.path]) as server:
        result = await http({"url": server.url(), "follow": True})
        assert f"answered 200 at {server.url('/sorry')}, as expected" in result.text
    assert "t0ken" not in result.text


async def test_4_a_body_and_headers_are_sent_as_they_stand() -> None:
    def answer(request: Request) -> Answer:
        right = request.headers["authorization"] == "Bearer t0ken"
        sent = json.loads(request.body)
        return Answer(body=json.dumps({"right": right, "sent": sent}).encode())

    step = {
        "method": "POST",
        "headers": {"Authorization": "Bearer t0ken", "Accept": "application/json"},
        "body": {"items": [1, "two"]},
        "expect": {"values": {"$.right": True, "$.sent.items[1]": "two"}},
    }
    async with serving(answer) as server:
        result = await http(step | {"url": server.url("/orders")})
        (request,) = server.requests
    assert result.outcome == "passing", result.text
    assert request.headers["content-type"] == "application/json"
    assert "t0ken" not in result.text


@pytest.mark.parametrize(
    "step",
    [
        {"body": {"a": 1}},
        {"method": "POST", "body": {"a": 1}, "form": {"a": "1"}},
        {"headers": {"Content-Length": "5"}},
        {"headers": {"transfer-encoding": "chunked"}},
        {"headers": {"X": "a\r\nY: b"}},
        {"headers": {"a b": "c"}},
        {"method": "HEAD", "expect": {"values": {"$": 1}}},
        {"expect": {"headers": {"age": 5}}},
        {"expect": {"headers": {"age": {"max": 5}}}},
        {"expect": {"values": {"state": "open"}}},
        {"expect": {"values": {"$.a": {"matches": "(a+)+"}}}},
        {"expect": {"values": {"$.a": {"min": 2, "max": 1}}}},
        {"expect": {"values": {"$.a": {"equals": 1, "there": True}}}},
        {"expect": {"values": {"$.a": {}}}},
        {"expect": {"values": {"$.a": None}}},
        {"expect": {"values": {"$.a": {"min": float("nan")}}}},
        {"expect": {"within_s": float("nan")}},
        {"expect": {"text": ""}},
    ],
)
def test_mistakes_are_found_when_the_catalogue_is_read(step: dict[str, Any]) -> None:
    url = {"url": "http://127.0.0.1:1/"}
    with pytest.raises(ValidationError):
        PROBE.validate_python({"kind": "http", "steps": [url | step]})
