"""How long after a plan has acted what it restarted may still be starting.

An undo in the middle of a restart would take back a cure that is about to work.
"""

from vigil.domain.catalogue import STARTS_WITHIN_S, Catalogue
from vigil.domain.plan import Plan
from vigil.domain.touched import touched

PATIENCE_S = 90.0
"""How long a cure may take to show, at least."""
SETTLES_S = 30.0
"""How much longer than its service takes to start: so long it has to be well before it is proven.
"""


class Starting:
    """What the catalogue says of the services of one plan."""

    def __init__(self, plan: Plan, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        acted_on = {
            plan.service,
            *(name for each in plan.actions for name in touched(each, catalogue)),
        }
        self._restarts_s = max(map(self._own_s, acted_on))

    def within_s(self, service: str) -> float:
        """So long nothing of this service that may come back by itself counts as broken.

        It may have been restarted itself, or need what was.
        """
        return max(self._restarts_s, self._own_s(service))

    @property
    def patience_s(self) -> float:
        """How long is looked for a proof. What the plan does not act on prolongs nothing."""
        return max(PATIENCE_S, self._restarts_s + SETTLES_S)

    def _own_s(self, service: str) -> float:
        known = self._catalogue.services.get(service)
        return known.starts_within_s if known else STARTS_WITHIN_S
