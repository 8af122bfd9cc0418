"""Skyflow Detect, for what the embedded redactor left.

That one goes first, so no vendor is given a secret, and as little as can be of the rest.

It is used as a finder whose every answer is checked: put together again, what it gave has to be
what it was asked about, to the letter. So nothing that it forgot to say is taken for clean, its
tokens, which count anew in each answer, never mix with the incident's, and a text is restored as it
was. Its answers hold the true values; nothing of them is logged or told in an error.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from vigil.domain.errors import NotRedacted, PortUnavailable
from vigil.domain.outbound import Redacted
from vigil.domain.redacted import Found, Kind
from vigil.domain.run import Health
from vigil.domain.tokens import Tokens
from vigil.integrations._clients.http import IDENTITY, shown, tls_context
from vigil.integrations.redaction import skyflow_asking
from vigil.integrations.redaction.chunks import Chunk, chunks
from vigil.integrations.redaction.finding.overlaps import settled
from vigil.integrations.redaction.finding.unfolding import Layer
from vigil.integrations.redaction.replacing import replaced
from vigil.integrations.redaction.retold import told_apart
from vigil.integrations.redaction.skyflow_access import Access
from vigil.ports.redaction import Redaction

AT_ONCE = 4
_PATH = "/v1/detect/deidentify/string"
_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_NUMBERED = r"[a-z0-9-]*[0-9][a-z0-9-]*"
_LAST = r"[a-z]([a-z0-9-]*[a-z0-9])?"
_KNOWN = "app|cloud|cluster|com|dev|internal|int|io|lan|local|localdomain|localhost|net|org|svc"
"""Ends of hosts that end no name of a person: countries do (``anna.de``, ``john.li``)."""
_HASHES = (
    r"sha256:[0-9a-f]{7,64}",
    r"[0-9a-f]{32,64}",
    # A letter between digits, wherever it stands: of passports and licences the ends are letters.
    *(rf"[0-9a-f]{{{n}}}[0-9][a-f]+[0-9][0-9a-f]{{{max(4 - n, 0)},56}}" for n in range(5)),
    r"[0-9a-f]{5,56}[0-9][a-f]+[0-9][0-9a-f]{0,56}",
)
_HOSTS = (
    rf"{_LABEL}(\.{_LABEL})*\.({_KNOWN})\.?(:[0-9]{{1,5}})?",
    rf"{_LABEL}(\.{_LABEL})*\.{_LAST}:[0-9]{{1,5}}",
    rf"({_NUMBERED}\.{_LABEL}|{_LABEL}\.{_NUMBERED})(\.{_LABEL})*\.{_LAST}",
)
"""Two dots alone are not enough: ``anna.b.meier`` is how somebody logs in."""
_VERSIONS = (
    r"v[0-9]+(\.[0-9]+){1,5}(-[a-z]+[.0-9]*)?",
    # No date, which ends or begins with a year, and no telephone number.
    r"[0-9]{1,2}\.[0-9]{1,2}\.([0-9]|[0-9]{3})(-[a-z]+[.0-9]*)?",
    r"0\.[0-9]{1,3}\.[0-9]{1,3}(-[a-z]+[.0-9]*)?",
)
KEPT = tuple(
    f"^(?:{form})$"
    for form in (
        r"\[[A-Z_]{2,16}_[0-9]{1,6}\]",
        r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        *_HASHES,
        *_HOSTS,
        *_VERSIONS,
        r"/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+",
    )
)
"""What an investigation needs: tokens, UUIDs, hashes, hosts, versions and paths, each by itself.

No form of what is asked for fits one: where that is in doubt the form is not here, as a host with a
token is a smaller loss than a name without."""
_KINDS: Mapping[str, Kind] = {
    "email_address": Kind.EMAIL,
    "phone_number": Kind.PHONE,
    "ip_address": Kind.IP,
    **dict.fromkeys(("name", "name_given", "name_family", "name_medical_professional"), Kind.NAME),
    **dict.fromkeys(("location_address", "location_address_street", "location_zip"), Kind.ADDRESS),
    **dict.fromkeys(("ssn", "driver_license", "passport_number"), Kind.GOVERNMENT_ID),
    **dict.fromkeys(("credit_card", "cvv"), Kind.CARD),
    "password": Kind.PASSWORD,
    **dict.fromkeys(("bank_account", "account_number", "vehicle_id", "username"), Kind.PERSONAL),
    **dict.fromkeys(("dob", "age", "gender", "marital_status", "origin"), Kind.PERSONAL),
    **dict.fromkeys(("religion", "political_affiliation", "sexuality"), Kind.PERSONAL),
    **dict.fromkeys(("healthcare_number", "condition", "drug", "injury"), Kind.PERSONAL),
    **dict.fromkeys(("blood_type", "location_coordinate"), Kind.PERSONAL),
}
"""What is asked for. Not dates, times, numbers, addresses of pages and names of firms: a log is
made of them, and they say nothing of a person."""


class _Entity(BaseModel):
    """What one of its tokens stands for; all else that it says is not needed."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    token: str
    value: str
    entity_type: str = ""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    processed_text: str
    entities: tuple[_Entity, ...] = ()


class SkyflowRedaction:
    """Fulfils ``ports.redaction.Redaction`` by asking a vault's Detect."""

    def __init__(
        self, url: str, vault: str, access: Access, first: Redaction, *, ips: bool = True
    ) -> None:
        self._url = f"{url.rstrip('/')}{_PATH}"
        self._vault = vault
        self._access = access
        self._first = first
        self._asks_for = [each for each, kind in _KINDS.items() if ips or kind is not Kind.IP]

    async def redact(self, text: str, tokens: Tokens, held: Sequence[Found] = ()) -> Redacted:
        """What both find."""
        first = await self._first.redact(text, tokens, held)
        left = first.outbound.text
        try:
            async with asyncio.timeout(skyflow_asking.DEADLINE_S):
                found = await self._found(left)
        except TimeoutError as error:
            why = f"did not answer within {skyflow_asking.DEADLINE_S:.0f} s"
            raise skyflow_asking.unavailable(self._url, why) from error
        layer = _layer(text, first)
        everywhere = settled((*first.found, *map(layer.back, found)))
        return replaced(text, everywhere, tokens)

    async def health(self) -> Health:
        """Whether it can be asked now; until it can, no text leaves."""
        try:
            async with asyncio.timeout(skyflow_asking.QUESTION_S):
                await self._found("vigil")
        except (NotRedacted, PortUnavailable, TimeoutError) as error:
            said = str(error) or f"Skyflow at {shown(self._url)} did not answer in time"
            remedy = (
                "see that SKYFLOW_URL, SKYFLOW_VAULT_ID and SKYFLOW_BEARER_TOKEN, or "
                "SKYFLOW_CREDENTIALS_FILE, are right"
            )
            return Health(part="redaction", ok=False, text=said, remedy=remedy, vital=False)
        text = "Skyflow finds personal data"
        return Health(part="redaction", ok=True, text=text, remedy=None, vital=False)

    async def _found(self, text: str) -> tuple[Found, ...]:
        parts = chunks(text)
        gate = asyncio.Semaphore(AT_ONCE)
        async with httpx2.AsyncClient(
            trust_env=False,
            verify=tls_context(),
            timeout=skyflow_asking.QUESTION_S,
            headers=IDENTITY,
        ) as client:

            async def ask(part: Chunk) -> Sequence[Found]:
                async with gate:
                    return [*self._checked(part, await self._ask(client, part.text))]

            # The first that fails ends the others: without one of its parts no text leaves.
            try:
                async with asyncio.TaskGroup() as group:
                    asked = [group.create_task(ask(part)) for part in parts]
            except* (NotRedacted, PortUnavailable) as errors:
                raise errors.exceptions[0] from None
        return tuple(one for task in asked for one in task.result())

    async def _ask(self, client: httpx2.AsyncClient, text: str) -> bytes:
        body = {
            "vault_id": self._vault,
            "text": text,
            "entity_types": self._asks_for,
            "token_type": {"default": "entity_unq_counter"},
            "allow_regex": list(KEPT),
        }
        content = json.dumps(body).encode()
        bearer = await self._access.bearer(client)
        answered = await skyflow_asking.post(client, self._url, content, bearer or "")
        if answered.status == httpx2.codes.UNAUTHORIZED:
            # A token may have been taken back before its end: asked for once more, and no oftener.
            bearer = await self._access.bearer(client, refused=bearer)
            if bearer is not None:
                answered = await skyflow_asking.post(client, self._url, content, bearer)
        if answered.status == httpx2.codes.OK:
            return answered.content
        raise NotRedacted(
            f"Skyflow at {shown(self._url)} answered {answered.status}, so no text leaves; look at "
            "SKYFLOW_BEARER_TOKEN or SKYFLOW_CREDENTIALS_FILE, and at SKYFLOW_VAULT_ID"
        )

    def _checked(self, part: Chunk, content: bytes) -> Iterator[Found]:
        try:
            answer = _Answer.model_validate_json(content)
        except (ValidationError, RecursionError):
            raise skyflow_asking.not_understood(
                self._url, "it has no processed_text, or no JSON"
            ) from None
        values = {entity.token: entity.value for entity in answer.entities}
        kinds = {
            entity.token: _KINDS.get(entity.entity_type.lower(), Kind.PERSONAL)
            for entity in answer.entities
        }
        places = told_apart(part.text, answer.processed_text, values)
        if places is None:
            why = "put together again it is not what was asked about"
            raise skyflow_asking.not_understood(self._url, why)
        for start, end, token in places:
            yield Found(part.start + start, part.start + end, kinds[token])


def _layer(text: str, first: Redacted) -> Layer:
    """From the text with tokens of the first pass back to the text as it was given."""
    known = {
        (token[1:].rpartition("_")[0], value): token for token, value in first.tokens.values.items()
    }
    here, there, length = [0], [0], 0
    for start, end, kind in first.found:
        length += start - there[-1]
        here += (length, length + len(known[kind.upper(), text[start:end]]))
        there += (start, end)
        length = here[-1]
    return Layer(first.outbound.text, here, there)
