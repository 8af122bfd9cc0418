"""What a user does with one element of a page: fill it in, click on it, send it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from playwright.async_api import Dialog, Error, Frame, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from vigil.integrations.browser.deadline import Deadline
from vigil.integrations.browser.ends import Missed, Unable
from vigil.integrations.browser.looks import Looks
from vigil.integrations.browser.moves import LOOK_S, Moves

ELEMENT_S = 5.0
"""How long an element may take to appear and to be ready, as a page's scripts need a moment."""

# As by its button, so that the button's own name and value are sent too. Says what is in the way.
_SUBMIT = """form => {
  if (form.tagName !== 'FORM') return 'is no form';
  const button = [...form.elements].find(element => element.type === 'submit');
  if (button?.disabled) return 'cannot be sent: its button is disabled';
  const invalid = form.noValidate ? null : form.querySelector(
    'input:invalid, select:invalid, textarea:invalid');
  if (invalid !== null) return 'cannot be sent: ' + (invalid.name || invalid.id || 'a field') +
    ' is not valid (' + invalid.validationMessage + ')';
  form.requestSubmit(button);
  return null;
}"""
_IS_EDITABLE = "element => element.isContentEditable || element.hasAttribute('contenteditable')"


class Deeds:
    """Done within one page, in it or in a frame of it; ``Missed`` where it cannot be done."""

    def __init__(self, page: Page, looks: Looks, moves: Moves, deadline: Deadline) -> None:
        self._page = page
        self._looks = looks
        self._moves = moves
        self._deadline = deadline

    async def fill(self, part: Frame, selector: str, value: str, *, lightpanda: bool) -> None:
        """Write into a field, in place of what is in it."""
        field = part.locator(f"css={selector}").first
        try:
            await field.fill(value, timeout=self._patience_ms())
        except PlaywrightTimeout:
            text = f"nothing to fill at {self._looks.quote(selector)}{await self._seen()}"
            raise Missed(text) from None
        except Error as error:
            text = f"{self._looks.quote(selector)} cannot be filled in"
            missed = self._looks.unless_gone(error, text, selector)
            if lightpanda and await self._is_editable(part, selector):
                raise Unable("Lightpanda cannot write where a page is edited in place") from None
            raise missed from None

    async def click(self, part: Frame, selector: str) -> None:
        """Click on an element that can be clicked, and wait for the page that this leads to."""
        element = part.locator(f"css={selector}").first
        try:
            await element.click(timeout=self._patience_ms())
        except PlaywrightTimeout:
            raise Missed(
                f"{self._looks.quote(selector)} is not there to be clicked, or what it leads to "
                f"did not answer{await self._seen()}"
            ) from None
        except Error as error:
            text = f"{self._looks.quote(selector)} cannot be clicked"
            raise self._looks.unless_gone(error, text, selector) from None
        await self._arrive()

    async def submit(self, part: Frame, selector: str) -> None:
        """Send a form that is filled in as it asks, and wait for the page that this leads to."""
        name = self._looks.quote(selector)
        form = part.locator(f"css={selector}").first
        try:
            hindrance = await form.evaluate(_SUBMIT, timeout=self._patience_ms())
        except PlaywrightTimeout:
            raise Missed(f"no form at {name}{await self._seen()}") from None
        except Error as error:
            text = f"the form {name} cannot be sent"
            raise self._looks.unless_gone(error, text, selector) from None
        if hindrance is not None:
            raise Missed(f"{name} {self._looks.cut(str(hindrance))}")
        await self._arrive()

    @contextlib.asynccontextmanager
    async def saying_yes(self) -> AsyncIterator[None]:
        """To what the page asks meanwhile; while nobody listens, a browser says no by itself."""
        self._page.on("dialog", _accept)
        try:
            yield
        finally:
            self._page.remove_listener("dialog", _accept)

    async def _arrive(self) -> None:
        try:
            await self._moves.arrive(self._deadline.left(ELEMENT_S))
        except TimeoutError:
            raise Missed(f"what it leads to did not answer{await self._seen()}") from None

    async def _is_editable(self, part: Frame, selector: str) -> bool:
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(LOOK_S):
                return bool(await part.locator(f"css={selector}").first.evaluate(_IS_EDITABLE))
        return False

    async def _seen(self) -> str:
        return await self._looks.told(self._moves.answered)

    def _patience_ms(self) -> float:
        return self._deadline.left(ELEMENT_S) * 1000


async def _accept(dialog: Dialog) -> None:
    with contextlib.suppress(Error):  # it, or its page, is gone
        await dialog.accept()
