"""What the tokens of an incident stand for, from one text that leaves to the next."""

from typing import Protocol

from vigil.domain.tokens import Tokens


class Meanings(Protocol):
    """The map of each incident, kept where its record is.

    1. ``known`` gives what was kept, in any process and after a crash; nothing for an incident of
       which nothing was kept.
    2. ``keep`` adds. A token never comes to stand for something else: where another run gave the
       same one away meanwhile, nothing is kept and ``NotRedacted`` is raised; whoever asked begins
       again with what is ``known``.
    3. At rest nothing of it can be read without the installation's key, and no map can be moved to
       another incident. One that cannot be opened raises ``NotRedacted``, so that no new map begins
       whose tokens mean something else than those that were told before.
    4. It goes when what the incident said is erased.
    """

    async def known(self, incident: str) -> Tokens:
        """What its tokens stand for so far."""
        ...

    async def keep(self, incident: str, tokens: Tokens) -> None:
        """Keep what is new."""
        ...
