"""Nobody gets in unasked: anonymous, from another site, under another name, too late."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import product

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route
from tests.web.house import BEARER, TOKEN, House

from vigil.web.access import COOKIE, SESSION_LIFETIME, Access
from vigil.web.door import LOGIN, MOST_API_BYTES, OPEN
from vigil.web.tries import BURST, MOST_ADDRESSES, REFILL_S, Tries

CHANGES = {"POST", "PUT", "PATCH", "DELETE"}


def closed_routes(house: House) -> list[tuple[str, str]]:
    """Every method and path that must not answer a stranger; from the app, so none is forgotten."""
    found = [
        (method, route.path)
        for route in house.app.routes
        if isinstance(route, Route | APIRoute)
        for method in route.methods or ()
        if method in CHANGES or route.path not in OPEN
    ]
    assert len(found) == len(house.app.routes) + 1 - len(OPEN)  # /openapi.json has HEAD as well
    return [one for one in found if one[1] not in {"/webhooks/{source}", "/api/session", LOGIN}]


def latin1(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode("latin-1") for name, value in headers.items()}


def at_some(path: str) -> str:
    return path.replace("{incident}", "inc-1")


async def test_an_anonymous_request_is_refused_on_every_route(house: House) -> None:
    routes = closed_routes(house)
    assert ("POST", "/api/stop") in routes
    assert ("GET", "/api/incidents") in routes
    for method, path in routes:
        answer = await house.client.request(method, at_some(path), json={})
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"] == "Bearer"
        if method != "HEAD":
            assert set(answer.json()["error"]) == {"what", "next"}
    assert not house.engine.parts.switch.read().stopped


async def test_what_nobody_has_written_yet_is_closed_too(house: House) -> None:
    for method, path in product(
        ("GET", "POST", "PUT", "DELETE", "OPTIONS"), ("/api/new", "/new", "//health", "/health/")
    ):
        answer = await house.client.request(method, f"{house.origin}{path}")
        assert answer.status_code == 401, (method, path)


async def test_an_open_path_is_open_for_reading_only(house: House) -> None:
    for path in OPEN:
        assert (await house.client.get(path)).status_code == 200
        assert (await house.client.post(path)).status_code == 401


async def test_an_escaped_path_is_not_taken_for_an_open_one(house: House) -> None:
    for path in ("/health%3F/api", "/%2e/api/incidents", "/webhooks%2f..%2fapi%2fincidents"):
        answer = await house.client.get(path)
        assert answer.status_code in {401, 404}, path
    assert (await house.client.get("/metrics%3F")).status_code == 401


async def test_the_token_opens(house: House) -> None:
    assert (await house.client.get("/api/incidents", headers=BEARER)).status_code == 200
    stopped = await house.client.post("/api/stop", json={}, headers=BEARER)
    assert stopped.status_code == 200
    assert house.engine.parts.switch.read().stopped


async def test_anything_but_the_token_does_not(house: House) -> None:
    for header in ("", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xff", TOKEN):
        answer = await house.client.get(
            "/api/incidents", headers={b"authorization": header.encode("latin-1")}
        )
        assert answer.status_code == 401, header
        assert TOKEN not in answer.text


async def test_two_authorization_headers_are_none(house: House) -> None:
    headers = [("authorization", "Bearer x"), ("authorization", f"Bearer {TOKEN}")]
    assert (await house.client.get("/api/incidents", headers=headers)).status_code == 401


# --- names ---------------------------------------------------------------------------------------


async def test_a_name_that_is_not_vigils_is_refused(house: House) -> None:
    names = [f"{name}:{house.port}" for name in ("rebound.example", "127.0.0.1.rebound.example")]
    for name in (*names, "127.0.0.1", "127.0.0.1:1", "user@127.0.0.1", ""):
        for path in ("/health", "/ready", "/metrics", "/api/incidents"):
            answer = await house.client.get(path, headers={**BEARER, "host": name})
            assert answer.status_code == 421, (name, path)


async def test_a_rebound_name_reaches_neither_session_nor_webhook(house: House) -> None:
    headers = {"host": f"rebound.example:{house.port}"}
    headers |= {"origin": f"http://rebound.example:{house.port}"}
    for path in ("/api/session", "/webhooks/alertmanager", "/api/stop"):
        answer = await house.client.post(path, json={"token": TOKEN}, headers=headers | BEARER)
        assert answer.status_code == 421, path
    assert house.engine.sources["alertmanager"].refused == 0


async def test_each_allowed_name_works_in_any_case(house: House) -> None:
    for host in (f"localhost:{house.port}", f"LocalHost:{house.port}"):
        answer = await house.client.get("/api/incidents", headers={**BEARER, "host": host})
        assert answer.status_code == 200


# --- other sites ---------------------------------------------------------------------------------


def foreign_headers(port: int) -> list[dict[str, str]]:
    own = f"http://127.0.0.1:{port}"
    return [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": f"https://127.0.0.1:{port}"},
        {"origin": f"http://127.0.0.1:{port + 1}"},
        {"origin": f"http://localhost:{port}"},
        {"origin": "http://[::1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": own, "sec-fetch-site": "cross-site"},
    ]


async def test_a_change_from_another_site_is_refused_whatever_it_carries(house: House) -> None:
    session = await house.session()
    paths = [path for method, path in closed_routes(house) if method in CHANGES]
    for headers in foreign_headers(house.port):
        for path in [*paths, "/api/session", LOGIN, "/webhooks/alertmanager"]:
            for carried in (BEARER, session):
                answer = await house.client.post(
                    at_some(path), json={"token": TOKEN}, headers={**carried, **headers}
                )
                assert answer.status_code == 403, (path, headers)
    assert not house.engine.parts.switch.read().stopped
    assert house.engine.sources["alertmanager"].refused == 0


async def test_no_answer_lets_another_site_read_it(house: House) -> None:
    headers = {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}
    for answer in (
        await house.client.get("/api/incidents", headers={**BEARER, **headers}),
        await house.client.options("/api/stop", headers=headers),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


# --- sessions ------------------------------------------------------------------------------------


async def test_a_session_is_a_cookie_that_scripts_and_other_sites_do_not_get(house: House) -> None:
    answer = await house.client.post(
        "/api/session", json={"token": TOKEN}, headers={"origin": house.origin}
    )
    assert answer.json().keys() == {"csrf", "lifetime_s"}
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert attributes == {"httponly", "max-age=43200", "path=/", "samesite=strict"}


async def test_a_session_reads_and_changes(house: House) -> None:
    session = await house.session()
    read = await house.client.get("/api/incidents", headers={"cookie": session["cookie"]})
    assert read.status_code == 200
    assert (await house.client.post("/api/stop", json={}, headers=session)).status_code == 200


async def test_a_change_by_session_needs_origin_and_its_own_csrf_token(house: House) -> None:
    session, other = await house.session(), await house.session()
    wrong = [
        {k: v for k, v in session.items() if k != "x-csrf-token"},
        {k: v for k, v in session.items() if k != "origin"},
        {**session, "x-csrf-token": ""},
        {**session, "x-csrf-token": "\xe9"},
        {**session, "x-csrf-token": session["x-csrf-token"] + "x"},
        {**session, "x-csrf-token": other["x-csrf-token"]},
    ]
    for headers in wrong:
        raw = latin1(headers)
        answer = await house.client.post("/api/stop", json={}, headers=raw)
        assert answer.status_code == 403, headers
    assert not house.engine.parts.switch.read().stopped


async def test_a_page_elsewhere_cannot_read_by_session(house: House) -> None:
    cookie = (await house.session())["cookie"]
    for site in ("cross-site", "same-site"):
        headers = {"cookie": cookie, "sec-fetch-site": site}
        assert (await house.client.get("/api/incidents", headers=headers)).status_code == 403


async def test_a_session_ends(house: House) -> None:
    session = await house.session()
    house.clock.advance(SESSION_LIFETIME.total_seconds() - 1)
    assert (await house.client.get("/api/incidents", headers=session)).status_code == 200
    house.clock.advance(1)
    assert (await house.client.get("/api/incidents", headers=session)).status_code == 401
    assert (await house.client.post("/api/stop", json={}, headers=session)).status_code == 401


async def test_a_tampered_cookie_is_no_session(house: House) -> None:
    session = await house.session()
    name, ends, signature = session["cookie"].removeprefix(f"{COOKIE}=").split(".")
    for forged in (
        f"{name}.{int(ends) + 1}.{signature}",
        f"x{name}.{ends}.{signature}",
        f"{name}.{ends}.{signature[:-2]}",
        f"{name}.{ends}.",
        f"{name}.{ends}",
        signature,
        "..",
        "x" * 5000,
        "\xe9.1.\xe9",
        session["x-csrf-token"],
    ):
        headers = latin1({**session, "cookie": f"{COOKIE}={forged}"})
        answer = await house.client.post("/api/stop", json={}, headers=headers)
        assert answer.status_code == 401, forged


async def test_a_new_token_or_key_ends_all_sessions(house: House) -> None:
    access, now = house.access, house.clock.now()
    cookie = access.open_session(now).cookie
    assert access.session(cookie, now)
    for other in (
        Access(access.token_hash, b"j" * 32, access.allowed_hosts),
        Access("0" * 64, access.session_key, access.allowed_hosts),
    ):
        assert other.session(cookie, now) is None


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Access("0" * 64, b"short", ())


# --- tries ---------------------------------------------------------------------------------------


async def test_guessing_is_bounded_also_when_done_at_once_and_over_both_doors(house: House) -> None:
    async def guess(number: int) -> int:
        if number % 2:
            headers = {"authorization": f"Bearer {number}"}
            return (await house.client.get("/api/incidents", headers=headers)).status_code
        return (await house.client.post("/api/session", json={"token": str(number)})).status_code

    session = await house.session()
    statuses = await asyncio.gather(*(guess(number) for number in range(BURST + 30)))
    assert sorted(statuses) == [401] * BURST + [429] * 30
    assert (await house.client.post("/api/stop", json={}, headers=session)).status_code == 200
    wrong = {"authorization": "Bearer x"}
    refused = await house.client.get("/api/incidents", headers=wrong)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "6")
    house.clock.advance(REFILL_S)
    assert (await house.client.get("/api/incidents", headers=wrong)).status_code == 401
    assert (await house.client.get("/api/incidents", headers=wrong)).status_code == 429


async def test_wrong_tokens_do_not_lock_out_who_has_the_right_one(house: House) -> None:
    for _ in range(BURST + 5):
        await house.client.get("/api/incidents", headers={"authorization": "Bearer x"})
    assert (await house.client.get("/api/incidents", headers=BEARER)).status_code == 200
    assert await house.session()
    # Nor does the right one buy back tries for those who guess.
    guess = await house.client.post("/api/session", json={"token": "x"})
    assert guess.status_code == 429


def test_tries_remember_a_bounded_number_of_addresses() -> None:
    tries = Tries()
    for number in range(3 * MOST_ADDRESSES):
        tries.wrong(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", now=0.0)
    assert len(tries._left) == MOST_ADDRESSES


def test_tries_take_a_network_of_ipv6_for_one_address() -> None:
    tries = Tries()
    for number in range(BURST):
        tries.wrong(f"2001:db8::{number:x}", now=0.0)
    assert tries.wait_s("2001:db8::ffff", now=0.0) == REFILL_S
    assert tries.wait_s("2001:db8:0:1::1", now=0.0) == 0
    assert tries.wait_s("2001:db8::1", now=timedelta(days=1).total_seconds()) == 0


# --- bodies --------------------------------------------------------------------------------------


async def test_a_body_beyond_the_bound_is_refused_with_and_without_a_length(house: House) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MOST_API_BYTES // 1024 + 1):
            yield b"x" * 1024

    for content in (b"x" * (MOST_API_BYTES + 1), pieces()):
        answer = await house.client.post("/api/stop", content=content, headers=BEARER)
        assert answer.status_code == 413
    assert (await house.client.get("/health")).status_code == 200
