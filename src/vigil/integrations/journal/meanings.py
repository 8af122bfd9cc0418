"""What tokens stand for, sealed, beside the incidents whose texts they stand in.

Each is an output of SYNTHESIZING of attempt 0, which no run of a segment reads: it belongs to the
incident and not to one of its attempts, and goes when what the incident said is erased.
"""

import asyncio
from base64 import b64decode, b64encode

from sqlalchemy import ColumnElement, Connection, Engine, and_, select

from vigil.domain.errors import ChainBroken, NotRedacted
from vigil.domain.incident import Stage
from vigil.domain.tokens import Tokens
from vigil.integrations._clients.database import exclusively, read, write
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.ledger import NO_ATTEMPT
from vigil.integrations.journal.moves import put_outputs
from vigil.integrations.journal.tables import outputs
from vigil.ports.journal import StageOutput

_NAME = "token-"


class SqlMeanings:
    """Fulfils ``ports.meanings.Meanings`` on the record."""

    def __init__(self, engine: Engine, keys: Keys) -> None:
        self._engine = engine
        self._keys = keys

    async def known(self, incident: str) -> Tokens:
        """Open all of them."""
        return await asyncio.to_thread(read, self._engine, lambda c: self._opened(c, incident))

    async def keep(self, incident: str, tokens: Tokens) -> None:
        """Look and write in one transaction, one caller after the other."""

        def work(connection: Connection) -> None:
            exclusively(connection, "meanings")
            known = self._opened(connection, incident).values
            given = {token: _spelled(value) for token, value in tokens.values.items()}
            if any(known.get(token, value) != value for token, value in given.items()):
                raise NotRedacted(
                    f"a token of incident {incident} stands for two things, as two runs wrote of "
                    "it at once; begin again with what is known"
                )
            new = sorted(given.keys() - known.keys())
            put_outputs(connection, [self._sealed(incident, token, given[token]) for token in new])

        await asyncio.to_thread(write, self._engine, work)

    def _opened(self, connection: Connection, incident: str) -> Tokens:
        query = select(outputs.c.name, outputs.c.json_text).where(_of(incident))
        values: dict[str, str] = {}
        for row in connection.execute(query):
            token = row.name.removeprefix(_NAME)
            try:
                sealed = b64decode(row.json_text, validate=True)
                values[token] = self._keys.open(sealed, _place(incident, token))
            except (ChainBroken, ValueError) as error:
                raise NotRedacted(
                    f"what the tokens of incident {incident} stand for cannot be opened: it was "
                    "changed, or keys/payload.key is not the key that sealed it"
                ) from error
        return Tokens(values=values)

    def _sealed(self, incident: str, token: str, value: str) -> StageOutput:
        sealed = self._keys.seal(value, _place(incident, token))
        return StageOutput(
            incident=incident,
            attempt=NO_ATTEMPT,
            stage=Stage.SYNTHESIZING,
            name=f"{_NAME}{token}",
            json_text=b64encode(sealed).decode(),
        )


def _of(incident: str) -> ColumnElement[bool]:
    return and_(
        outputs.c.incident == incident,
        outputs.c.attempt == NO_ATTEMPT,
        outputs.c.stage == Stage.SYNTHESIZING,
        outputs.c.name.startswith(_NAME, autoescape=True),
    )


def _spelled(value: str) -> str:
    """Half of a surrogate pair has no UTF-8 spelling, and logs do contain such things."""
    return value.encode("utf-8", "replace").decode()


def _place(incident: str, token: str) -> str:
    return f"{incident}/{token}"
