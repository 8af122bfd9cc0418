"""What the scripts of a page complained of: errors in the console, and those that none caught."""

from playwright.async_api import ConsoleMessage, Error, Page

MOST_KEPT = 3
MOST_COUNTED = 1000
"""A page that goes on complaining is not listened to any longer."""
MOST_CHARS = 200


class Complaints:
    """Listens from the first page on. To the console only where somebody asks for it: a page can
    write there without end, and each line comes all the way.
    """

    def __init__(self, page: Page, *, console: bool) -> None:
        self._page = page
        self._console = console
        self.count = 0
        self.first: list[str] = []
        page.on("pageerror", self._thrown)
        if console:
            page.on("console", self._written)

    def _thrown(self, error: Error) -> None:
        self._keep(f"{error.name}: {error.message}" if error.name else error.message)

    def _written(self, message: ConsoleMessage) -> None:
        # What the browser itself writes there has no arguments: what could not be loaded, also
        # because a walk is kept from it.
        if message.type == "error" and message.args:
            self._keep(message.text)

    def _keep(self, text: str) -> None:
        self.count += 1
        if len(self.first) < MOST_KEPT:
            self.first.append(text[:MOST_CHARS])
        if self.count == MOST_COUNTED:
            self._page.remove_listener("pageerror", self._thrown)
            if self._console:
                self._page.remove_listener("console", self._written)
