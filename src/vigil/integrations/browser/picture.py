"""What a page looks like."""

import asyncio
import contextlib

from playwright.async_api import Error, Page

PICTURE_S = 2.0
MOST_PICTURE = 2 * 1024**2


async def picture_of(page: Page) -> bytes | None:
    """A picture (PNG) of it, if it can be taken and is not too large; no walk fails for want of
    one.
    """
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(PICTURE_S):
            picture = await page.screenshot(type="png", timeout=PICTURE_S * 1000)
            return picture if len(picture) <= MOST_PICTURE else None
    return None
