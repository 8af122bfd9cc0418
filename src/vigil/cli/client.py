"""Speaking to a running Vigil over its API."""

from typing import Any

import httpx2

from vigil.domain.account import Account
from vigil.domain.errors import NotFound, PermanentError, PortUnavailable, SettingsError
from vigil.settings import Settings

DEADLINE_S = 10.0
MOST_PAGES = 50
"""Pages of a timeline that are read at a time."""


class Client:
    """One Vigil at ``url``; every answer is JSON."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx2.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=DEADLINE_S,
            trust_env=False,
        )

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()

    @classmethod
    def from_settings(cls, settings: Settings) -> "Client":
        """The Vigil that the settings name.

        :raises SettingsError: there is no token, and without one nobody is let in.
        """
        if settings.vigil_token is None:
            mistake = (
                "VIGIL_TOKEN is not set; give the access token that the first `vigil serve` printed"
            )
            raise SettingsError([mistake])
        return cls(settings.vigil_url, settings.vigil_token.get_secret_value())

    def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401 - JSON
        """Read."""
        return self._read(self._send("GET", path, params=query))

    def timeline(self, incident: str, after: int = 0) -> list[dict[str, Any]]:
        """The events of an incident after a number, oldest first, from as many pages as it has."""
        events: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            newest = events[-1]["seq"] if events else after
            page = self.get(f"/api/incidents/{incident}/timeline", after=newest)
            events += page["events"]
            if not page["more"]:
                break
        return events

    def accounts(self, incident: str, attempts: int) -> tuple[Account, ...]:
        """What people are shown of each attempt's proof, oldest first; an older Vigil has none."""
        path = f"/api/incidents/{incident}/proof"
        found = [self.get(path, attempt=n).get("account") for n in range(1, attempts + 1)]
        return tuple(Account.model_validate(account) for account in found if account)

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Ask for a change; a conflict is an answer, not an error."""
        answer = self._send("POST", path, json=body)
        return answer.status_code, self._read(answer, also=(409,))

    def status(self, path: str) -> tuple[int, Any]:
        """Status and body of a path that answers with either."""
        answer = self._send("GET", path)
        return answer.status_code, self._json(answer)

    def _send(self, method: str, path: str, **rest: Any) -> httpx2.Response:  # noqa: ANN401 - as httpx2's
        try:
            return self._http.request(method, path, **rest)
        except httpx2.TransportError as error:
            raise PortUnavailable(
                f"no Vigil answers at {self._http.base_url} ({type(error).__name__}); start it "
                "with `vigil serve`, or set VIGIL_URL"
            ) from error

    def _read(self, answer: httpx2.Response, also: tuple[int, ...] = ()) -> Any:  # noqa: ANN401 - JSON
        if answer.is_success or answer.status_code in also:
            return self._json(answer)
        if answer.status_code == httpx2.codes.NOT_FOUND:
            raise NotFound(f"{answer.request.url.path}: there is no such thing")
        raise PermanentError(f"Vigil answered {answer.status_code}: {answer.text[:300]}")

    def _json(self, answer: httpx2.Response) -> Any:  # noqa: ANN401 - JSON
        try:
            return answer.json()
        except ValueError as error:
            raise PortUnavailable(
                f"{self._http.base_url} answers, but not as Vigil does; correct VIGIL_URL"
            ) from error
