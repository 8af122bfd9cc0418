"""The console in a real browser: what a person sees, presses and is told, also without a script.

Each test fails on any error in the page's console, a violation of the content security policy among
them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

import pytest
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)
from tests.support.browsers import chromium
from tests.web.console import failed_undo, hostile, house_of, photographed, told
from tests.web.house import TOKEN, House

from vigil.domain.incident import Stage
from vigil.domain.switch import SwitchState
from vigil.domain.verdict import Answer
from vigil.ports.journal import Note
from vigil.story.progress import Progress

pytestmark = pytest.mark.takes(40)

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
expect.set_options(timeout=20_000)
"""Milliseconds: machines that run all tests at once are slow."""
REFUSALS = ("the server responded with a status of 4", "net::ERR_")
"""What the browser says of an answer that is no success, and of a connection that broke."""


class Kind(TypedDict, total=False):
    viewport: ViewportSize
    java_script_enabled: bool


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """One Chromium for all tests; each visitor is a new one to it."""
    with chromium() as address:
        yield address


@pytest.fixture
async def browser(endpoint: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        yield await playwright.chromium.connect_over_cdp(endpoint)


@asynccontextmanager
async def page_of(browser: Browser, house: House, kind: Kind | None = None) -> AsyncIterator[Page]:
    """A page of a new visitor; what it complains of fails the test."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(one in message.text for one in REFUSALS):
            complaints.append(message.text)

    context = await browser.new_context(base_url=house.origin, **(kind or {}))
    page = await context.new_page()
    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
        assert complaints == []
    finally:
        await context.close()


async def sign_in(page: Page, path: str = "/") -> None:
    await page.goto(path)
    await page.get_by_label("Access token").fill(TOKEN)
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


async def fits(page: Page) -> bool:
    """Nothing hangs out at the side."""
    return bool(
        await page.evaluate("document.documentElement.scrollWidth <= document.body.clientWidth")
    )


async def test_a_wrong_token_and_the_right_one(browser: Browser, house: House) -> None:
    async with page_of(browser, house) as page:
        await page.goto("/console/switch")
        await page.get_by_label("Access token").fill("wrong")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("The access token is wrong")
        await page.get_by_label("Access token").fill(TOKEN)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Stop Vigil?")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in to Vigil")).to_be_visible()
        await page.go_back()
        await page.reload()
        await expect(page.get_by_role("heading", name="Sign in to Vigil")).to_be_visible()


async def test_texts_from_outside_do_nothing_in_a_browser(browser: Browser, house: House) -> None:
    incident, _ = await hostile(house)
    async with page_of(browser, house) as page:
        await sign_in(page)
        await page.goto(f"/console/incidents/{incident.id}")
        await expect(page.get_by_text("window.pwned").first).to_be_visible()
        # Fetched and put in once more, as a live page does it.
        await house.record.journal.append(incident.id, [Note(kind="late")], house.clock.now())
        await expect(page.locator("#timeline")).to_contain_text("late")
        assert await page.evaluate("window.pwned") is None
        assert await page.locator("main script, main img").count() == 0
        assert await fits(page)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_approving_a_plan(browser: Browser, house: House, scripts: bool) -> None:
    incident, plan = await house.waiting()
    async with page_of(browser, house, {"java_script_enabled": scripts}) as page:
        await sign_in(page)
        await page.get_by_role("link", name="Read and answer").click()
        await expect(page.get_by_label("Your name")).to_have_value("Ada")
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_text("Approved by Ada; about to act")).to_be_visible()
        await expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    approval = await house.record.journal.approval(incident.id, plan.digest)
    assert approval is not None
    assert (approval.answer, approval.by) == (Answer.APPROVED, "Ada")


async def test_rejecting_when_somebody_else_was_first(browser: Browser, house: House) -> None:
    """Without scripts, as a page that renews itself would have taken the form away."""
    incident, plan = await house.waiting()
    async with page_of(browser, house, {"java_script_enabled": False}) as page:
        await sign_in(page)
        await page.goto(f"/console/incidents/{incident.id}")
        await house.engine.answer(incident.id, plan.digest, Answer.APPROVED, "Grace")
        await page.get_by_role("button", name="Reject").click()
        await expect(page.get_by_role("alert")).to_contain_text("approved by Grace")
        await page.get_by_role("link", name="See where the incident stands").click()
        await expect(page.get_by_text("Approved by Grace; about to act")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_taking_an_incident_in_hand(browser: Browser, house: House, scripts: bool) -> None:
    incident, _ = await house.waiting()
    kind: Kind = {"java_script_enabled": scripts, "viewport": PHONE}
    async with page_of(browser, house, kind) as page:
        await sign_in(page, f"/console/incidents/{incident.id}")
        await page.get_by_role("link", name="Take it in hand").click()
        assert await fits(page)
        await page.get_by_label("Reason").fill("I am on it")
        await page.get_by_role("button", name="Cancel Vigil's work").click()
        await expect(page.get_by_text("Ada has it in hand")).to_be_visible()
        await expect(page.get_by_role("link", name="Take it in hand")).to_have_count(0)
    cancelled = await house.record.journal.cancellation(incident.id)
    assert cancelled is not None
    assert (cancelled.by, cancelled.reason) == ("Ada", "I am on it")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_stopping_and_resuming(browser: Browser, house: House, scripts: bool) -> None:
    async with page_of(browser, house, {"java_script_enabled": scripts}) as page:
        await sign_in(page)
        await page.get_by_role("link", name="Stop…").click()
        assert not house.engine.parts.switch.read().stopped
        await page.get_by_label("Reason").fill("we look ourselves")
        await page.get_by_role("button", name="Stop now").click()
        await expect(page.get_by_role("heading", name="Vigil is stopped")).to_be_visible()
        await expect(page.locator("#banner")).to_contain_text("by Ada")
        state = house.engine.parts.switch.read()
        assert (state.stopped, state.now, state.text) == (True, True, "we look ourselves")
        await page.get_by_role("button", name="Let Vigil act again").click()
        await expect(page.locator("#switch")).to_contain_text("May act")
    assert not house.engine.parts.switch.read().stopped


# --- live ----------------------------------------------------------------------------------------


async def test_a_page_renews_itself_and_takes_nothing_out_of_a_persons_hands(
    browser: Browser, house: House
) -> None:
    incident, _ = await house.waiting()
    async with page_of(browser, house) as page:
        await sign_in(page)
        await page.goto(f"/console/incidents/{incident.id}")
        await page.evaluate("window.same = true")
        await page.get_by_text("How Vigil came to it").click()
        name = page.get_by_label("Your name")
        await name.fill("Grace Hop")
        note = Note(kind="reasoned", payload={"step": "late", "text": "something new"})
        await house.record.journal.append(incident.id, [note], house.clock.now())
        await expect(page.locator("#timeline")).to_contain_text("late: something new")
        house.engine.turn_switch(SwitchState(stopped=True, by="Lin"))
        await expect(page.locator("#banner")).to_contain_text("stopped by Lin")
        await expect(page.locator("#answer")).to_contain_text("Vigil is stopped")
        await expect(name).to_have_value("Grace Hop")
        await expect(name).to_be_focused()
        await page.keyboard.type("per")
        await expect(name).to_have_value("Grace Hopper")
        assert await page.locator("#reasons-1").get_attribute("open") is not None
        assert await page.evaluate("window.same")


async def test_a_plan_that_begins_to_wait_appears_and_one_that_was_answered_goes(
    browser: Browser, house: House
) -> None:
    async with page_of(browser, house) as page:
        await sign_in(page)
        await page.evaluate("window.same = true")
        await expect(page.get_by_text("Nothing has been reported")).to_be_visible()
        incident, plan = await house.waiting()
        await expect(page.get_by_role("link", name="Read and answer")).to_be_visible()
        await expect(page).to_have_title("(1) Incidents · Vigil")
        await expect(page.locator("#announce")).to_have_text("Waits for your answer: 1")
        await house.engine.answer(incident.id, plan.digest, Answer.APPROVED, "Grace")
        await expect(page.get_by_role("heading", name="Vigil is working on it")).to_be_visible()
        step = Progress(
            await house.engine.incident(incident.id), 1, house.record.journal, house.clock
        )
        await step.enter(Stage.EXECUTING)
        await expect(page.get_by_text("Carrying out the plan")).to_be_visible()
        assert await page.evaluate("window.same")


async def test_a_lost_connection_is_said(browser: Browser, house: House) -> None:
    async with page_of(browser, house) as page:
        await sign_in(page)
        await expect(page.locator("#lost")).to_be_hidden()
        house.stopping.set()
        await expect(page.locator("#lost")).to_contain_text("what you see may be old")
    async with asyncio.timeout(10):
        await asyncio.shield(house.serving)


async def test_a_session_that_ended_is_said(browser: Browser, house: House) -> None:
    async with page_of(browser, house) as page:
        await sign_in(page)
        house.clock.advance(13 * 3600)
        await house.waiting()
        await expect(page.locator("#lost")).to_contain_text("Your session has ended")


# --- looks ---------------------------------------------------------------------------------------


async def test_nothing_hangs_out_at_the_side_on_any_page(browser: Browser, tmp_path: Path) -> None:
    async with told(tmp_path) as (house, story):
        paths = [f"/console/incidents/{one.id}" for one in await story.journal.incidents()]
        for size in (PHONE, DESKTOP, ViewportSize(width=320, height=600)):
            async with page_of(browser, house, {"viewport": size}) as page:
                await page.goto("/")
                assert await fits(page)
                await sign_in(page)
                for path in ("/", *paths, "/console/switch", "/console/nowhere"):
                    await page.goto(path)
                    for one in await page.locator("details:not([open]) > summary").all():
                        if await one.is_visible():
                            await one.click()
                    assert await fits(page), (path, size)


INSIDE = """() => [...document.querySelectorAll("#headline *, .proof *")]
  .filter((one) => one.checkVisibility() && !one.closest(".unseen, .scroll"))
  .filter((one) => one.getBoundingClientRect().right > document.body.clientWidth - 16)
  .map((one) => one.outerHTML.slice(0, 80))"""
"""What reaches into the margin of the page."""


async def test_an_undo_that_failed_is_readable_on_a_phone_at_night(
    browser: Browser, tmp_path: Path
) -> None:
    story = await failed_undo(tmp_path)
    (incident,) = await story.journal.incidents()
    async with house_of(story) as house, page_of(browser, house, {"viewport": PHONE}) as page:
        await page.emulate_media(color_scheme="dark")
        await sign_in(page, f"/console/incidents/{incident.id}")
        await expect(page.locator("#headline > :first-child")).to_contain_text("THE UNDO FAILED")
        await expect(page.locator(".alarm")).to_contain_text("In place now:")
        await expect(page.locator("#proof-1")).to_contain_text("Was there before, and is missing")
        await expect(page.get_by_role("row", name="✕ did not hold").first).to_be_visible()
        assert await page.evaluate(INSIDE) == []
        assert await page.evaluate(CONTRAST) == []


async def test_pictures_before_and_after_are_shown(browser: Browser, house: House) -> None:
    incident, _ = await photographed(house)
    async with page_of(browser, house) as page:
        await sign_in(page)
        await page.goto(f"/console/incidents/{incident.id}")
        pictures = page.locator(".pictures img")
        await expect(pictures).to_have_count(2)
        for one in await pictures.all():
            await one.scroll_into_view_if_needed()
            await expect(one).to_have_js_property("complete", value=True)
            assert await one.evaluate("image => image.naturalWidth") == 8
        strip = page.get_by_role("img", name="After: 1 of 3 looks passed, 1 gave no answer")
        await expect(strip).to_be_visible()


async def test_the_console_is_worked_by_keys_alone(browser: Browser, house: House) -> None:
    incident, plan = await house.waiting()
    async with page_of(browser, house) as page:
        await sign_in(page)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name=incident.title)).to_be_focused()
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
        await page.keyboard.press("Enter")
        await page.get_by_label("Your name").focus()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Approve")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Approved by Ada; about to act")).to_be_visible()
    assert await house.record.journal.approval(incident.id, plan.digest) is not None


CONTRAST = """() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility() || element.closest("noscript")) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${element.outerHTML.slice(0, 80)} ${ratio.toFixed(2)}`);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_every_word_stands_out_from_its_ground(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    async with told(tmp_path) as (house, story):
        paths = [f"/console/incidents/{one.id}" for one in await story.journal.incidents()]
        async with page_of(browser, house) as page:
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            await sign_in(page)
            for path in ("/", *paths, "/console/switch"):
                await page.goto(path)
                assert await page.evaluate(CONTRAST) == [], path
