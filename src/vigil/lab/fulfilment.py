"""The worker: brought to a stand, looked at, and set going again."""

import time

from vigil.lab.config import LabConfig
from vigil.lab.database import Database
from vigil.lab.errors import LabNotReady
from vigil.lab.supervisor import Supervisor

SIGNALS = ("HUP", "STOP")
"""Caught by its own way to reload its settings, or frozen."""
MOST_SIGNALS = 10
LOOK_S = 8.0
"""How long a look at the worker may take: customers place an order every second or so."""
IN_HAND_S = 0.3
"""What was in hand when a signal came may still be finished."""
NOTICE_S = 1.0
"""A worker that is well has an order out of the way sooner."""


class Fulfilment:
    def __init__(self, config: LabConfig, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._database = Database(config)
        self._worker = config.names.worker

    def hang(self, seed: int) -> None:
        """The worker lives on and does nothing; which way differs by seed.

        A reload that comes between two steps does no harm, so the signal is repeated.
        """
        signal = SIGNALS[seed % len(SIGNALS)]
        for _ in range(MOST_SIGNALS):
            self._supervisor.signal(self._worker, signal)
            if self.stands():
                return
        raise LabNotReady(f"{self._worker} works on after {MOST_SIGNALS} times {signal}")

    def stands(self) -> bool:
        """Whether orders wait and none is fulfilled; False once one is, or when none comes."""
        time.sleep(IN_HAND_S)
        done, deadline = self._fulfilled(), time.monotonic() + LOOK_S
        seen: float | None = None
        while time.monotonic() < deadline:
            waiting = self._waiting()
            if self._fulfilled() > done:
                return False
            if waiting:
                seen = time.monotonic() if seen is None else seen
                if time.monotonic() - seen > NOTICE_S:
                    return True
            time.sleep(0.1)
        return False

    def revive(self) -> None:
        """Let a frozen worker go on; restart one before which orders still pile up."""
        self._supervisor.signal(self._worker, "CONT")
        if self._waiting() and self.stands():
            self._supervisor.stop(self._worker)
            self._supervisor.start(self._worker)

    def _fulfilled(self) -> int:
        return int(self._database.rows("SELECT count(*) FROM {fulfilments}")[0][0])

    def _waiting(self) -> int:
        rows = self._database.rows(
            "SELECT count(*) FROM {orders} WHERE state = 'placed' "
            "AND placed_at < now() - make_interval(secs => %s)",
            [NOTICE_S],
        )
        return int(rows[0][0])
