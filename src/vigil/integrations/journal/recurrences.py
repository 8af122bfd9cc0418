"""That trouble came back which had been proven fixed, kept with the attempt that was thought to do.

What was proven stays on record as it was written: what came later is written beside it.
"""

from pydantic import ValidationError
from sqlalchemy import Connection

from vigil.domain.errors import PermanentError
from vigil.domain.incident import Stage
from vigil.domain.recurrence import Recurrence
from vigil.integrations.journal.chain import append_events
from vigil.integrations.journal.keys import Keys
from vigil.integrations.journal.moves import get_output, put_outputs
from vigil.integrations.journal.rows import get_incident
from vigil.ports.journal import Note, StageOutput

NAME = "recurrence"
"""Of the output of VERIFYING in which it stands."""


def recur(connection: Connection, keys: Keys, recurrence: Recurrence) -> Recurrence:
    """The caller's transaction holds the former incident's row from here on."""
    former, attempt = recurrence.former, recurrence.attempt
    get_incident(connection, former, to_change=True)
    before = get_output(connection, former, attempt, Stage.VERIFYING, NAME)
    if before is not None:
        return _restored(before)
    output = StageOutput(
        incident=former,
        attempt=attempt,
        stage=Stage.VERIFYING,
        name=NAME,
        json_text=recurrence.model_dump_json(),
    )
    put_outputs(connection, [output])
    note = Note(
        kind="recurred",
        payload={
            "incident": recurrence.incident,
            "after_s": recurrence.after_s,
            "text": recurrence.told_of_the_former,
        },
    )
    append_events(connection, keys, former, [note], recurrence.at)
    return recurrence


def _restored(document: str) -> Recurrence:
    try:
        return Recurrence.model_validate_json(document)
    except ValidationError as error:
        raise PermanentError(
            "a recurrence on record cannot be read, because another version of Vigil wrote it; run "
            "that version or a newer one"
        ) from error
