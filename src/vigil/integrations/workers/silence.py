"""How long workers have shown nothing, as far as somebody was looking."""

from collections.abc import Mapping

LONGEST_GAP_S = 5.0
"""What a pause between two looks counts for at most: whoever was frozen meanwhile knows nothing of
the others, who may have been frozen with it.
"""


class Silence:
    """Watches the beats of workers; what it is told of time is its own clock's."""

    def __init__(self, lease_s: float) -> None:
        self._lease_s = lease_s
        self._looked_at: float | None = None
        self._heard: dict[str, tuple[int, float]] = {}
        """The last beat of each worker, and for how long it has been the last."""

    def after(self, beats: Mapping[str, int], now: float) -> frozenset[str]:
        """Those whose beats have stood still for as long as a lease, after one more look."""
        gap = 0.0 if self._looked_at is None else min(now - self._looked_at, LONGEST_GAP_S)
        self._looked_at = now
        self._heard = {
            worker: (beat, self._since(worker, beat, gap)) for worker, beat in beats.items()
        }
        return frozenset(w for w, (_, silent) in self._heard.items() if silent >= self._lease_s)

    def _since(self, worker: str, beat: int, gap: float) -> float:
        last, silent = self._heard.get(worker, (None, 0.0))
        return silent + gap if last == beat else 0.0
