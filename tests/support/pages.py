"""Somebody at the console without a browser: a session, its forms, and what pages say."""

import re
from html import unescape

import httpx2

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-site": "same-origin"}


class Person:
    """Signed in at one Vigil; every request is what a browser would send for a click."""

    def __init__(self, client: httpx2.AsyncClient, origin: str) -> None:
        self._client = client
        self._origin = origin
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    @property
    def headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {**BROWSER, **({"cookie": cookies} if cookies else {})}

    async def get(self, path: str) -> httpx2.Response:
        answer = await self._client.get(path, headers=self.headers)
        self._take(answer)
        return answer

    async def send(self, path: str, form: dict[str, str], **headers: str | None) -> httpx2.Response:
        """A form, with the token of the last page; a header that is None is left out."""
        sent = {**self.headers, "origin": self._origin}
        sent |= {name.replace("_", "-"): value for name, value in headers.items() if value}
        left_out = {name.replace("_", "-") for name, value in headers.items() if value is None}
        answer = await self._client.post(
            path,
            data={**({"csrf": self.csrf} if self.csrf else {}), **form},
            headers={name: value for name, value in sent.items() if name not in left_out},
        )
        self._take(answer)
        return answer

    def _take(self, answer: httpx2.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
            if not self.cookies[name]:
                del self.cookies[name]
        self._client.cookies.clear()
        found = re.search(r'name="csrf" value="([^"]+)"', answer.text)
        self.csrf = found[1] if found else self.csrf


async def signed_in(
    client: httpx2.AsyncClient, origin: str, token: str, name: str = "Ada"
) -> Person:
    """Through the login form, then the first page."""
    person = Person(client, origin)
    answer = await person.send("/console/login", {"token": token, "by": name, "path": "/"})
    assert answer.status_code == 303, answer.text
    assert (await person.get("/")).status_code == 200
    return person


def words(page: str) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page))).strip()
