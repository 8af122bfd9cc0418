"""Take out of a text what must not leave."""

from collections.abc import Sequence
from typing import Protocol

from vigil.domain.outbound import Redacted
from vigil.domain.redacted import Found
from vigil.domain.tokens import Tokens


class Redaction(Protocol):
    """The only way to text that an adapter of a vendor takes.

    1. In what comes back a token, such as ``[EMAIL_1]``, stands for each secret and personal datum
       of the kinds of ``domain.redacted.Kind`` that it finds, also where it is hidden: written in
       escapes, with invisible characters or with letters of another alphabet.
    2. One value has one token in all texts of an incident, as long as the tokens are handed on; two
       values never have the same. With the tokens the text is restored as it was, to the letter.
    3. What only looks like a token has one itself, so that nobody can plant one in a text and be
       given what it stands for.
    4. It says where what it found was: in code points of the text as given, half-open, in order,
       without overlaps.
    5. No answer means no. A text that cannot be looked through whole (too long, too much in it) or
       of which the redactor does not say the whole raises ``NotRedacted``; a redactor that does not
       answer within its deadline raises ``PortUnavailable``. The text itself never comes back, and
       no error says any of it.
    6. What was found before, ``held``, by its place in this text, is found again: what stood beside
       it then, and told what it is, need not stand there any more.
    """

    async def redact(self, text: str, tokens: Tokens, held: Sequence[Found] = ()) -> Redacted:
        """The text as it may leave, and the incident's tokens from now on."""
        ...
