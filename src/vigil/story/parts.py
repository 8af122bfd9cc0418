"""What the story is made with."""

from dataclasses import dataclass

from vigil.domain.catalogue import Catalogue
from vigil.domain.ground import NOTHING, Ground
from vigil.domain.policy import Policy
from vigil.guard.tools import Tools
from vigil.orient.scene import Senses
from vigil.ports.journal import Journal
from vigil.ports.locks import Locks
from vigil.ports.meanings import Meanings
from vigil.ports.memory import Memory
from vigil.ports.reasoner import Reasoner
from vigil.ports.redaction import Redaction
from vigil.ports.sandbox import Sandbox
from vigil.ports.silences import Silences
from vigil.ports.swarm import Swarm
from vigil.ports.switch import Switch
from vigil.verify.eyes import Eyes


@dataclass(frozen=True)
class Parts:
    """Everything the story needs: what is known, and a port for each thing that reaches out."""

    catalogue: Catalogue
    policy: Policy
    senses: Senses
    journal: Journal
    memory: Memory
    reasoner: Reasoner
    sandbox: Sandbox
    switch: Switch
    locks: Locks
    silences: tuple[Silences, ...] = ()
    """Each may silence a service; one that gives no answer counts as if it did."""
    ground: Ground = NOTHING
    """What Vigil itself stands on, and so does not act on."""
    swarm: Swarm | None = None
    """Without one no cure of a service that asks for a swarm is proven."""
    swarm_memory_mb: int = 3000
    """What the browsers of a swarm may have together."""
    tools: Tools | None = None
    """What the guard knows of the field's tools; without it no script of free form is allowed."""
    redaction: Redaction | None = None
    """Without one no text of an incident may leave, so nobody elsewhere is asked about it."""
    meanings: Meanings | None = None
    """Without it what left cannot be restored once this process is gone."""
    worker: str = "vigil"
    """This process among those that work on one record; a new one at each start."""

    @property
    def eyes(self) -> Eyes:
        """What a proof is looked for with."""
        return Eyes(
            catalogue=self.catalogue,
            probes=self.senses.probes,
            telemetry=self.senses.telemetry,
            inventories=self.senses.inventories,
            clock=self.senses.clock,
            silences=self.silences,
        )
