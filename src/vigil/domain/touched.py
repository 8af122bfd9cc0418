"""Which services an action touches, by the processes that its calls name."""

from collections.abc import Iterator

from vigil.domain.catalogue import Catalogue
from vigil.domain.plan import Action


def touched(action: Action, catalogue: Catalogue) -> Iterator[str]:
    """In the catalogue's order."""
    words = {word for call in action.effects.calls for word in call.arguments}
    for name, service in catalogue.services.items():
        if service.processes and words & set(service.processes.names):
            yield name
