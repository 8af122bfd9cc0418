"""Whether anything may be begun, far from the hub: no answer means no.

Two have to say so: the switch near the target, and a hub within the last few seconds. Any of them
may stop.

A word that lets go on is as old as the beat of this runner that it repeats, by this machine's own
clock: whoever holds words back on their way makes them no younger.
"""

from dataclasses import dataclass, field

from vigil.domain.switch import SwitchState
from vigil.runner.lease import boot_s
from vigil.runner.switch import Switch

FRESH_S = 5.0
"""A hub says it every second, so one or two words may be lost on the way."""


@dataclass
class Words:
    """What each hub said last, and the switch near the target. Read from any thread."""

    here: Switch
    fresh_s: float = FRESH_S
    _heard: dict[str, tuple[float, SwitchState]] = field(default_factory=dict)

    def heard(self, hub: str, said: SwitchState, after: float | None) -> None:
        """This hub has said so at this time of ``boot_s`` or later; None: nobody knows when.

        A stop counts from now on, however long it was on its way.
        """
        as_of = boot_s() if said.stopped else after
        if as_of is None:
            self._heard.pop(hub, None)
        else:
            self._heard[hub] = (as_of, said)

    def read(self) -> SwitchState:
        """The strictest of what is said; stopped when no hub says anything."""
        since = boot_s() - self.fresh_s
        fresh = [said for at, said in list(self._heard.values()) if at >= since]
        silence = SwitchState(
            stopped=True,
            text=f"no hub has said within the last {self.fresh_s:g} s that Vigil may act",
        )
        said = [self.here(), *(fresh or [silence])]
        return max(said, key=lambda one: (one.stopped, one.kills))
