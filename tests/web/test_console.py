"""The console over HTTP: who gets a page, what forms may do, and what pages say."""

import asyncio
import json
import re
from io import StringIO
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest
from pydantic import JsonValue
from rich.console import Console
from sqlalchemy import text
from tests.support.pages import BROWSER, Person, signed_in, words
from tests.support.record import erase_payloads
from tests.support.story import begin
from tests.support.swarms import ScriptedSwarm, asking, report
from tests.support.world import NEW, OLD, watching
from tests.web.console import HOSTILE, hostile, hostile_proof, house_of, photographed, told
from tests.web.house import BEARER, TOKEN, House

from vigil.cli.proof_view import show_account
from vigil.domain.account import MOST_LOOKS
from vigil.domain.ending import Ending
from vigil.domain.incident import Stage
from vigil.domain.plan import Author, PlanKind
from vigil.domain.proof import CLAIMS, Criterion, Outcome
from vigil.domain.verdict import Answer
from vigil.ports.journal import Note
from vigil.story.accounts import account_of
from vigil.story.progress import Progress
from vigil.story.recorded import Recorded
from vigil.web.access import COOKIE
from vigil.web.console.pages import PAGE_HEADERS
from vigil.web.form import FORM_TYPE
from vigil.web.tries import BURST

OTHER_DIGEST = "sha256:" + "b" * 64


async def person(house: House, name: str = "Ada") -> Person:
    return await signed_in(house.client, house.origin, TOKEN, name)


# --- who gets what -------------------------------------------------------------------------------


async def test_a_program_gets_json_and_a_browser_a_page(house: House) -> None:
    for accept in ("*/*", "application/json", "application/json, text/html;q=0.5", "text/html;q=x"):
        answer = await house.client.get("/", headers={"accept": accept})
        assert answer.json()["name"] == "vigil", accept
    answer = await house.client.get("/", headers=BROWSER)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "Sign in to Vigil" in words(answer.text)
    assert PAGE_HEADERS.items() <= dict(answer.headers).items()


async def test_a_page_may_load_and_send_nothing_but_its_own(house: House) -> None:
    policy = PAGE_HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    someone = await person(house)
    incident, _ = await house.waiting()
    for path in ("/", f"/console/incidents/{incident.id}", "/console/switch"):
        page = (await someone.get(path)).text
        assert not re.search(r"\sstyle=|\son\w+=|javascript:|https?://", page), path
        assert not re.search(r"<script(?! src=\"/static/)|<style", page), path


async def test_a_stranger_with_a_browser_is_asked_to_sign_in_and_told_nothing(
    house: House,
) -> None:
    incident, _ = await house.waiting()
    path = f"/console/incidents/{incident.id}"
    for place in (path, "/console/incidents/nobody", "/console/switch", "/console/nowhere"):
        answer = await house.client.get(place, headers=BROWSER)
        assert answer.status_code == 401
        assert "Sign in to Vigil" in words(answer.text)
        assert f'name="path" value="{place}"' in answer.text
        assert incident.title not in answer.text
    assert (await house.client.get("/console/events", headers=BROWSER)).status_code == 401
    assert (await house.client.get("/api/incidents", headers=BROWSER)).json()["error"]


async def test_a_link_on_another_site_leads_on_for_who_is_signed_in(house: House) -> None:
    """The browser keeps the cookie back from such a request, and sends it with the next one."""
    answer = await house.client.get(
        "/console/switch", headers={**BROWSER, "sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 401
    assert '<a href="/console/switch">open this page</a>' in answer.text
    someone = await person(house)
    other_port = {**someone.headers, "sec-fetch-site": "same-site"}
    answer = await house.client.get("/console/switch", headers=other_port)
    assert answer.status_code == 403
    assert "Open this page" in words(answer.text)
    assert "Sign in to Vigil" in words((await house.client.get("/", headers=other_port)).text)


async def test_the_token_in_a_header_shows_pages_that_have_no_forms(house: House) -> None:
    incident, _ = await house.waiting()
    answer = await house.client.get(
        f"/console/incidents/{incident.id}", headers={**BROWSER, **BEARER}
    )
    assert answer.status_code == 200
    assert "<form" not in answer.text


async def test_style_and_script_are_open_and_kept(house: House) -> None:
    page = (await house.client.get("/", headers=BROWSER)).text
    someone = await person(house)
    page += (await someone.get("/")).text
    found = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert {path.partition("?")[0] for path in found} == {
        *("/static/console.css", "/static/console.js", "/static/console.svg")
    }
    for path in found:
        answer = await house.client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


# --- signing in and out --------------------------------------------------------------------------


async def test_signing_in_leads_to_the_page_that_was_asked_for(house: House) -> None:
    someone = Person(house.client, house.origin)
    form = {"token": f" {TOKEN}\n", "by": "Ada", "path": "/console/switch"}
    answer = await someone.send("/console/login", form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/switch")
    attributes = answer.headers["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    assert "Stop Vigil?" in words((await someone.get("/console/switch")).text)
    assert 'value="Ada"' in (await someone.get("/console/switch")).text


async def test_a_wrong_token_is_said_and_counted_with_all_others(house: House) -> None:
    someone = Person(house.client, house.origin)
    for _ in range(BURST):
        answer = await someone.send("/console/login", {"token": "wrong", "path": "/"})
        assert answer.status_code == 401
        assert "The access token is wrong." in words(answer.text)
        assert COOKIE not in someone.cookies
    answer = await someone.send("/console/login", {"token": "wrong", "path": "/"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "6"
    wrong = {"authorization": "Bearer wrong"}
    assert (await house.client.get("/api/incidents", headers=wrong)).status_code == 429
    assert (await someone.send("/console/login", {"token": TOKEN})).status_code == 303


async def test_signing_in_leads_nowhere_else(house: House) -> None:
    someone = Person(house.client, house.origin)
    for path in ("//elsewhere.example", "https://elsewhere.example/", "/\\elsewhere", "/api/stop"):
        answer = await someone.send("/console/login", {"token": TOKEN, "path": path})
        assert answer.status_code == 422, path
        assert COOKIE not in someone.cookies


async def test_another_site_cannot_sign_anybody_in(house: House) -> None:
    for origin in ("https://elsewhere.example", "null"):
        someone = Person(house.client, house.origin)
        answer = await someone.send("/console/login", {"token": TOKEN}, origin=origin)
        assert answer.status_code == 403
        assert COOKIE not in someone.cookies


async def test_signing_out_ends_the_session_also_for_a_copy_of_its_cookie(house: House) -> None:
    someone = await person(house)
    copied = someone.headers
    assert (await someone.send("/console/logout", {})).status_code == 303
    assert COOKIE not in someone.cookies
    for path in ("/console/switch", "/api/incidents"):
        assert (await house.client.get(path, headers=copied)).status_code == 401
    assert (await (await person(house)).get("/console/switch")).status_code == 200


async def test_an_odd_name_is_left_out(house: House) -> None:
    for odd in ("Ada\x1b[31m", "\u202eAda", "A\u200bda"):
        assert "vigil_name" not in (await person(house, odd)).cookies
    someone = await person(house, "Ada\x9b31m")
    assert "vigil_name" not in someone.cookies
    for odd in ("%00", "%ff", "x" * 500, "%3Cscript%3E"):
        someone.cookies["vigil_name"] = odd
        page = await someone.get("/console/switch")
        assert page.status_code == 200
        assert "<script>" not in page.text


# --- forms ---------------------------------------------------------------------------------------


def odd_bodies(form: dict[str, str]) -> list[tuple[str, str]]:
    """What carries the right token in a way that a form of ours does not."""
    encoded = urlencode(form)
    return [
        ("application/json", json.dumps(form)),
        ("text/plain", encoded),
        (FORM_TYPE, f"{encoded}&csrf={form['csrf']}"),
        (FORM_TYPE, encoded + "".join(f"&f{n}=" for n in range(30))),
        (FORM_TYPE, f"{encoded}&odd=%ff"),
        (FORM_TYPE, f"{encoded}&&"),
    ]


async def test_a_form_without_the_sessions_own_token_changes_nothing(house: House) -> None:
    someone, other = await person(house), await person(house)
    incident, plan = await house.waiting()
    good = {"plan_digest": plan.digest, "by": "Ada"}
    here = f"/console/incidents/{incident.id}"
    for path, form in (
        ("/console/stop", {"by": "Ada", "now": "no"}),
        ("/console/logout", {}),
        (f"{here}/approve", good),
        (f"{here}/reject", good),
        (f"{here}/cancel", {"by": "Ada"}),
    ):
        for csrf in ("", "x", other.csrf, "\xe9"):
            answer = await someone.send(path, {**form, "csrf": csrf})
            assert answer.status_code == 403, (path, csrf)
        for kind, body in odd_bodies({**form, "csrf": someone.csrf}):
            headers = {**someone.headers, "origin": house.origin, "content-type": kind}
            answer = await house.client.post(path, content=body, headers=headers)
            assert answer.status_code == 403, (path, body)
        assert (await someone.send(path, form, origin=None)).status_code == 403
        assert (await someone.send(path, form, origin="null")).status_code == 403
        assert (await someone.send(path, form, sec_fetch_site="same-site")).status_code == 403
    assert not house.engine.parts.switch.read().stopped
    assert (await house.engine.incident(incident.id)).waiting_on is not None


@pytest.mark.parametrize(
    ("verb", "answer"), [("approve", Answer.APPROVED), ("reject", Answer.REJECTED)]
)
async def test_an_answer_stands_in_the_record_with_its_name(
    house: House, verb: str, answer: Answer
) -> None:
    incident, plan = await house.waiting()
    someone = await person(house)
    here = f"/console/incidents/{incident.id}"
    sent = await someone.send(f"{here}/{verb}", {"plan_digest": plan.digest, "by": " Grace "})
    assert (sent.status_code, sent.headers["location"]) == (303, here)
    approval = await house.record.journal.approval(incident.id, plan.digest)
    assert approval is not None
    assert (approval.answer, approval.by) == (answer, "Grace")
    page = words((await someone.get(here)).text)
    assert f"{answer.capitalize()} by Grace" in page
    assert "Approve: run exactly this" not in page


async def test_who_comes_second_is_told_who_was_first(house: House) -> None:
    incident, plan = await house.waiting()
    someone, other = await person(house), await person(house, "Grace")
    here = f"/console/incidents/{incident.id}"
    form = {"plan_digest": plan.digest, "by": "Ada"}
    await someone.send(f"{here}/approve", form)
    answer = await other.send(f"{here}/reject", {**form, "by": "Grace"})
    assert answer.status_code == 409
    said = words(answer.text)
    assert "Your answer did not count" in said
    assert "this plan was approved by Ada" in said
    other_plan = await other.send(f"{here}/reject", {"plan_digest": OTHER_DIGEST, "by": "Grace"})
    assert other_plan.status_code == 409


async def test_taking_an_incident_in_hand_is_asked_once_more(house: House) -> None:
    incident, _ = await house.waiting()
    someone, other = await person(house), await person(house, "Grace")
    here = f"/console/incidents/{incident.id}"
    assert f'href="{here}/cancel"' in (await someone.get(here)).text
    asked = words((await someone.get(f"{here}/cancel")).text)
    assert "Nobody can approve the plan that waits any more" in asked
    assert (await house.engine.incident(incident.id)).cancelled_by is None
    assert (await someone.send(f"{here}/cancel", {"by": " "})).status_code == 422
    sent = await someone.send(f"{here}/cancel", {"by": "Ada", "reason": "<b>mine</b>"})
    assert (sent.status_code, sent.headers["location"]) == (303, here)
    page = (await someone.get(here)).text
    assert "<b>" not in page
    said = words(page)
    assert "Cancelled by Ada at" in said
    assert "Ada has it in hand" in said
    assert f'href="{here}/cancel"' not in page
    late = await other.send(f"{here}/cancel", {"by": "Grace"})
    assert late.status_code == 409
    assert "but Vigil's work on it was cancelled by Ada" in words(late.text)
    assert "Ada cancelled it before you" in words((await other.get(f"{here}/cancel")).text)
    assert "Cancelled by Ada" in words((await other.get("/")).text)
    assert (await other.get("/console/incidents/nobody/cancel")).status_code == 404


async def test_taking_in_hand_says_what_it_means_as_the_incident_stands(house: House) -> None:
    incident, plan = await house.waiting()
    someone = await person(house)
    here = f"/console/incidents/{incident.id}/cancel"
    await house.engine.answer(incident.id, plan.digest, Answer.APPROVED, "Grace")
    step = Progress(await house.engine.incident(incident.id), 1, house.record.journal, house.clock)
    assert "Nothing was done so far" in words((await someone.get(here)).text)
    await step.enter(Stage.EXECUTING)
    assert "The action under way is finished" in words((await someone.get(here)).text)
    await step.enter(Stage.VERIFYING)
    assert "looks to the end whether it helped" in words((await someone.get(here)).text)
    undo = plan.model_copy(update={"attempt": 2, "kind": PlanKind.ROLLBACK})
    assert await step.roll_back(undo, [])
    assert "its undo is not begun" in words((await someone.get(here)).text)
    step = Progress(await house.engine.incident(incident.id), 2, house.record.journal, house.clock)
    await step.enter(Stage.EXECUTING)
    assert "The step under way is finished" in words((await someone.get(here)).text)
    await step.enter(Stage.VERIFYING)
    assert "What was done has been undone" in words((await someone.get(here)).text)
    await step.close(
        Stage.ESCALATED, Ending(resolved=False, outcome=Outcome.NOT_FIXED, text="It fails still.")
    )
    assert "There is nothing to cancel" in words((await someone.get(here)).text)


async def test_a_plan_says_how_long_it_waits(house: House) -> None:
    incident, _ = await house.waiting()
    someone = await person(house)
    house.clock.advance(3600)
    page = words((await someone.get(f"/console/incidents/{incident.id}")).text)
    assert "in 3 h" in page
    assert "No answer until then means no." in page
    assert "expires in 3 h" in words((await someone.get("/")).text)
    house.clock.advance(4 * 3600)
    assert "expires now" in words((await someone.get("/")).text)


async def test_an_answer_needs_a_name_and_a_plan(house: House) -> None:
    incident, plan = await house.waiting()
    someone = await person(house)
    for form in (
        {"plan_digest": plan.digest},
        {"plan_digest": plan.digest, "by": "  "},
        {"plan_digest": plan.digest, "by": "two\nlines"},
        {"plan_digest": plan.digest, "by": "x" * 81},
        {"plan_digest": "sha256:abc", "by": "Ada"},
        {"by": "Ada"},
        {"plan_digest": plan.digest, "by": "Ada", "extra": "1"},
    ):
        sent = await someone.send(f"/console/incidents/{incident.id}/approve", form)
        assert sent.status_code == 422, form
        assert "This did not work" in words(sent.text)
    missing = await someone.send(
        "/console/incidents/nobody/approve", {"plan_digest": plan.digest, "by": "Ada"}
    )
    assert missing.status_code == 404
    assert (await house.engine.incident(incident.id)).waiting_on is not None


async def test_the_switch_is_turned_and_shown_on_every_page(house: House) -> None:
    someone = await person(house)
    incident, _ = await house.waiting()
    pages = ("/", f"/console/incidents/{incident.id}", "/console/switch")
    for path in pages:
        assert "May act" in words((await someone.get(path)).text)
    form = {"by": "Ada", "text": "we look <b>ourselves</b>", "now": "yes"}
    assert (await someone.send("/console/stop", form)).status_code == 303
    state = house.engine.parts.switch.read()
    assert (state.stopped, state.now, state.by) == (True, True, "Ada")
    for path in pages:
        page = (await someone.get(path)).text
        assert "Vigil is stopped by Ada" in words(page)
        assert "<b>" not in page
    assert (await someone.send("/console/resume", {"by": "Grace"})).status_code == 303
    assert house.engine.parts.switch.read().by == "Grace"
    assert not house.engine.parts.switch.read().stopped
    assert (await someone.send("/console/stop", {"by": "", "now": "no"})).status_code == 422
    assert (await someone.send("/console/stop", {"by": "Ada"})).status_code == 422


async def test_a_switch_that_cannot_be_written_is_said_on_a_page(
    house: House, tmp_path: Path
) -> None:
    someone = await person(house)
    (tmp_path / "switch.json").unlink()
    (tmp_path / "switch.json").mkdir()
    answer = await someone.send("/console/stop", {"by": "Ada", "now": "no"})
    assert answer.status_code == 503
    assert "could not be written" in words(answer.text)


# --- what pages say ------------------------------------------------------------------------------


async def test_an_empty_list_says_what_to_do_next(house: House) -> None:
    said = words((await (await person(house)).get("/")).text)
    assert "Nothing has been reported" in said
    assert "Vigil watches web" in said
    assert "vigil doctor" in said


async def test_what_waits_for_a_person_is_on_top_with_what_it_wants(house: House) -> None:
    waiting, _ = await house.waiting("web")
    house.clock.advance(60)
    await house.engine.hear(
        house.engine.sources["alertmanager"].adapter.parse({}, b'{"alerts": [{"labels": {}}]}')
    )
    await house.take_in()
    page = (await (await person(house)).get("/")).text
    said = words(page)
    assert said.index("Waits for your answer") < said.index("Vigil is working on it")
    assert "Its plan: restart it" in said
    assert f'href="/console/incidents/{waiting.id}">Read and answer' in page
    assert "<title>(1) Incidents" in page


async def test_a_whole_story_is_told(tmp_path: Path) -> None:
    async with told(tmp_path) as (house, story):
        someone = await person(house)
        waits, failed, proven = await story.journal.incidents()
        said = words((await someone.get("/")).text)
        groups = ("Waits for your answer", "Over to you", "Closed")
        assert [said.index(group) for group in groups] == sorted(map(said.index, groups))
        page = words((await someone.get(f"/console/incidents/{proven.id}")).text)
        for expected in (
            "Fixed, and proven from the user's side",
            "How it ended",
            "Bad release in web",
            "other explanations, each below 5 %",
            "TypeError was first logged",
            "vigil-do release.switch release sha256:",
            "disruptive on process:restart/web-1",
            "Undo set -eu",
            "✓ allows confidence",
            "✓ Done after 1.0 s",
            "Proof fixed and proven Fixed, and proven: what failed before passes",
            "The symptom is gone symptom ✓ held",
            "Nothing is missing inventory ✓ held",
            "Bad requests: 60.0% before, 0.0% after.",
            "web/checkout shows the symptom before ",
            "✓ mended",
            "why: It shows checkout-errors as a user meets it.",
            "other probes were well before and after",
            "VERIFYING",
            "A new release broke the service",
        ):
            assert expected in page, expected
        page = words((await someone.get(f"/console/incidents/{failed.id}")).text)
        assert "Over to you: what was tried is not proven" in page
        assert page.index("The plan ") < page.index("The rollback attempt 2")
        assert "What to look at next" in page
        assert "Seen before" in page
        assert "Proof not fixed Not proven to be fixed." in page
        assert "The symptom is gone symptom ✕ did not hold" in page
        assert "Proof of the rollback fixed and proven The undo is proven" in page
        page = words((await someone.get(f"/console/incidents/{waits.id}")).text)
        assert "Vigil asks: may it do this?" in page
        assert "? asks autonomy is 'approve'" in page
        assert "What would prove it, and how it looked when you were asked" in page
        assert "web/catalogue shows the symptom ✕ failing" in page
        assert "4 other probes were well" in page
        assert "As things stood release.switch(release, " in page
        assert "could not be read" not in page
        assert "Reported by Vigil's own watcher, Alertmanager." in page


async def test_texts_from_outside_stay_texts(house: House) -> None:
    incident, _ = await hostile(house)
    answer = await (await person(house)).get(f"/console/incidents/{incident.id}")
    assert answer.status_code == 200
    page = answer.text
    assert page.count("&lt;script&gt;") > 10
    assert "<script>" not in page
    assert "<img" not in page
    assert "{{ 7 * 7 }}" in page
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u202e]", page)
    assert HOSTILE not in page


async def test_texts_of_a_proof_stay_texts_and_are_bounded(house: House) -> None:
    incident = await hostile_proof(house)
    page = (await (await person(house)).get(f"/console/incidents/{incident.id}")).text
    assert page.count("&lt;script&gt;") > 8
    assert "<script>" not in page
    assert "<img" not in page
    assert "{{ 7 * 7 }}" in page
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u202e]", page)
    assert page.count('<rect class="failing"') == MOST_LOOKS + 1
    assert "0 of the newest 60 of 200 looks passed" in page


async def test_an_undo_that_failed_stands_above_everything(tmp_path: Path) -> None:
    story = await begin(tmp_path)
    story.shop.catalogue_fails = lambda shop: bool(shop.done)
    incident = await story.hear()
    await story.go_on()
    async with house_of(story) as house:
        answer = await (await person(house)).get(f"/console/incidents/{incident.id}")
        said = words(answer.text[answer.text.index("<main") :])
        first = said.index("THE UNDO DID NOT BRING BACK WHAT WAS THERE BEFORE.")
        assert first < said.index("Over to you: what was tried made something worse")
        assert "Proof of the rollback not fixed" in said
        assert said.index("Nothing else got worse neighbours ✕ did not hold") > first


async def test_a_swarm_is_told_as_in_a_terminal(tmp_path: Path) -> None:
    story = await begin(tmp_path)
    story.with_parts(
        catalogue=asking(story.parts.catalogue),
        swarm=ScriptedSwarm(story.clock, ends=lambda spec: report(spec, failed=2)),
    )
    incident = await story.hear()
    await story.go_on()
    async with house_of(story) as house:
        answer = await (await person(house)).get(f"/console/incidents/{incident.id}")
        page = words(answer.text)
        now = await story.journal.incident(incident.id)
        account = await account_of(Recorded(story.journal, now.id, 1), now)
    assert account is not None
    terminal = StringIO()
    show_account(Console(file=terminal, width=500, color_system=None), account)
    for said in (
        CLAIMS[Criterion.SWARM],
        "18 of 20 users, 10 a second, got through customer (p50 1.00 s, p95 2.00 s, p99 3.00 s)",
        "At step 7, 2 times: it answered 503.",
        "The swarm took 9 s, with 20 users at once at most, and 50 MB of browsers.",
    ):
        assert said in page, said
        assert said in terminal.getvalue(), said


async def test_a_false_alarm_shows_what_was_seen_instead_of_a_proof(tmp_path: Path) -> None:
    story = await begin(tmp_path)
    story.shop.release = OLD
    incident = await story.hear()
    await story.go_on()
    async with house_of(story) as house:
        answer = await (await person(house)).get(f"/console/incidents/{incident.id}")
        said = words(answer.text)
        assert "Proof false alarm A probe that maps to this alert passes" in said
        assert "web/checkout is passing" in said


async def test_that_it_came_back_stands_above_where_it_stands(tmp_path: Path) -> None:
    story = await begin(tmp_path)
    story.with_parts(catalogue=watching(900))
    first = await story.hear()
    await story.go_on()
    story.clock.advance(300)
    story.shop.release = NEW
    second = await story.hear(since=300)
    await story.go_on()
    async with house_of(story) as house:
        for one, other, stands in (
            (first, second, "Fixed, and proven from the user's side"),
            (second, first, "Vigil has a plan and asks you"),
        ):
            page = (await (await person(house)).get(f"/console/incidents/{one.id}")).text
            said = words(page[page.index("<main") :])
            assert said.index("It came back") < said.index(stands)
            assert f'href="/console/incidents/{other.id}"' in page
            assert ("It was proven, and came back" in said) is (one is second)


async def test_a_page_without_payloads_is_still_a_page(house: House) -> None:
    incident, _ = await hostile(house)
    odd = [
        Note(kind="hypotheses", payload={"ranked": "none"}),
        Note(kind="evidence", payload={"log": "x" * 100_000}),
        Note(kind="executed", payload={}),
    ]
    await house.record.journal.append(incident.id, odd, house.clock.now())
    someone = await person(house)
    path = f"/console/incidents/{incident.id}"
    assert "could not be read in full" in words((await someone.get(path)).text)
    erase_payloads(house.record, incident.id, house.clock.now())
    said = words((await someone.get(path)).text)
    assert "were erased" in said
    assert "(erased)" in said


async def test_a_closed_incident_says_who_is_next(house: House) -> None:
    someone = await person(house)
    for outcome, resolved, expected in (
        (Outcome.FALSE_ALARM, True, "False alarm: nothing is wrong"),
        (Outcome.NOT_EXECUTED, False, "Over to you: Vigil did nothing"),
        (Outcome.NOTHING_TO_CHECK, False, "nobody can say how users fare"),
        (Outcome.REGRESSED, False, "made something worse"),
    ):
        incident, _ = await house.waiting(outcome.replace("_", "-"))
        step = Progress(incident, 1, house.record.journal, house.clock)
        ending = Ending(resolved=resolved, outcome=outcome, text="so", look_next=("the disk",))
        if resolved:
            await step.enter(Stage.EXECUTING)
            await step.enter(Stage.VERIFYING)
        await step.close(Stage.RESOLVED if resolved else Stage.ESCALATED, ending)
        said = words((await someone.get(f"/console/incidents/{incident.id}")).text)
        assert expected in said
        assert "the disk" in said


async def test_an_unknown_incident_and_an_unknown_page_are_said_on_a_page(house: House) -> None:
    someone = await person(house)
    for path, status in (
        ("/console/incidents/nobody", 404),
        ("/console/incidents/no%20id", 422),
        ("/console/nowhere", 404),
        ("/console/stop", 405),
    ):
        answer = await someone.get(path)
        assert answer.status_code == status
        assert "This did not work" in words(answer.text)


# --- pictures ------------------------------------------------------------------------------------


async def test_pictures_stand_beside_each_other_and_are_kept_by_the_browser_only(
    house: House,
) -> None:
    incident, (before, after) = await photographed(house)
    someone = await person(house)
    page = (await someone.get(f"/console/incidents/{incident.id}")).text
    assert page.index(f'src="/screenshots/{before}"') < page.index(f'src="/screenshots/{after}"')
    answer = await someone.get(f"/screenshots/{after}")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\x89PNG")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert (await house.client.get(f"/screenshots/{after}")).status_code == 401
    assert (await someone.get(f"/screenshots/{OTHER_DIGEST}")).status_code == 404
    assert (await someone.get("/screenshots/..%2f..%2fkeys")).status_code in {404, 422}
    by_token = await house.client.get(f"/screenshots/{after}", headers=BEARER)
    assert by_token.status_code == 200


# --- without a record ----------------------------------------------------------------------------


async def test_a_part_that_does_not_answer_is_said_on_a_page(house: House) -> None:
    someone = await person(house)
    with house.record.engine.begin() as connection:
        connection.execute(text("ALTER TABLE incidents RENAME TO elsewhere"))
    answer = await someone.get("/")
    assert answer.status_code in {500, 503}
    assert "This did not work" in words(answer.text)
    assert "elsewhere" not in answer.text


async def test_many_people_may_look_at_once(house: House) -> None:
    someone = await person(house)
    incident, _ = await hostile(house)
    answers: list[httpx2.Response] = await asyncio.gather(
        *(someone.get(f"/console/incidents/{incident.id}") for _ in range(12))
    )
    assert {answer.status_code for answer in answers} == {200}


async def test_what_a_plan_would_do_stands_below_its_action(house: House) -> None:
    incident, plan = await house.waiting()
    call = {"verb": "process.restart", "grant": "restart", "arguments": ["web-1"]}
    foreseen = {"action": plan.actions[0].id, "call": call, "ok": True, "text": "restart web-1"}
    tried = {"plan_digest": plan.digest, "foreseen": [foreseen]}
    note = Note(kind="dry_run", payload=tried)  # type: ignore[arg-type] # JSON
    await house.record.journal.append(incident.id, [note], house.clock.now())
    page = await (await person(house)).get(f"/console/incidents/{incident.id}")
    assert "process.restart(restart, web-1) would: restart web-1" in words(page.text)


async def test_which_models_were_asked_stands_on_the_page(house: House) -> None:
    incident, _ = await house.waiting()
    page = f"/console/incidents/{incident.id}"
    someone = await person(house)
    assert "Models" not in words((await someone.get(page)).text), "none was"
    texts = (
        "No model was heard (overloaded). It cost nothing.",
        f"It took 9,000 tokens. {HOSTILE}",
    )
    thoughts: list[dict[str, JsonValue]] = [
        {"text": texts[0], "alternatives": [], "would_change_mind": []},
        {
            "text": texts[1],
            "alternatives": ["A restart: the fault is in the code.", HOSTILE],
            "would_change_mind": ["The same errors before the release."],
        },
        {"cost": "one that says nothing cannot be read"},
    ]
    notes = [Note(kind="thought", payload=payload) for payload in thoughts]
    await house.record.journal.append(incident.id, notes, house.clock.now())
    answer = (await someone.get(page)).text
    assert HOSTILE not in answer
    shown = words(answer)
    for expected in (
        f"Models {texts[0]} It took 9,000 tokens.",
        "Also weighed A restart: the fault is in the code.",
        "Would change its mind The same errors before the release.",
        "could not be read in full",
    ):
        assert expected in shown


async def test_a_plan_that_a_model_wrote_says_so_and_what_else_was_weighed(house: House) -> None:
    incident, _ = await house.waiting(
        author=Author(model="claude-sonnet-5-5", prompt="1-0123abcd"),
        risk_reasons=("Requests in flight are cut off.",),
        alternatives=(f"Restarting alone. {HOSTILE}",),
        would_change_mind=("The same errors before the release.",),
    )
    page = await (await person(house)).get(f"/console/incidents/{incident.id}")
    assert HOSTILE not in page.text
    shown = words(page.text)
    assert "claude-sonnet-5-5, prompt 1-0123abcd" in shown
    assert "A model wrote this plan, and nobody has checked what it says." in shown
    assert "Requests in flight are cut off." in shown
    assert "Restarting alone." in shown
    assert "The same errors before the release." in shown
