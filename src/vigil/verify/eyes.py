"""What verification looks with, all of it read-only."""

from dataclasses import dataclass

from vigil.domain.catalogue import Catalogue
from vigil.ports.clock import Clock
from vigil.ports.inventory import Inventories
from vigil.ports.probes import Probes
from vigil.ports.silences import Silences
from vigil.ports.telemetry import Telemetry


@dataclass(frozen=True)
class Eyes:
    """The catalogue says what there is to see."""

    catalogue: Catalogue
    probes: Probes
    telemetry: Telemetry
    inventories: Inventories
    clock: Clock
    silences: tuple[Silences, ...] = ()
