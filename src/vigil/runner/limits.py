"""What one script may use at most, and how long things may take."""

from vigil.domain.value import Value

MIB = 1024 * 1024

LEASE_MARGIN_S = 5.0
"""A sandbox is killed, and a call is over, this long before the worker's lease ends."""

MAX_REQUEST_BYTES = 1024 * 1024
"""One line to the runner: a whole plan, its scripts included."""

MAX_CALL_BYTES = 8192
"""One line to the broker: a verb, a grant and a few arguments."""

MAX_CALLS_PER_RUN = 64
"""How often one script may knock at the broker, refused knocks included."""


MAX_RESULT_CHARS = 1000
"""What is kept and told of one call, as a target may answer at any length: the whole end of a run
with all its calls has to fit into one line to the worker."""


class Limits(Value):
    """Limits of one sandbox; each default is ample for a script that only asks the broker."""

    processes: int = 48
    files: int = 128
    file_bytes: int = 16 * MIB
    address_space_bytes: int = 512 * MIB
    """Per process; reserved, not used, memory counts."""
    memory_bytes: int = 128 * MIB
    """Of the whole sandbox, its scratch included, where there is a control group."""
    cpus: float = 1.0
    """Of the whole sandbox, where there is a control group."""
    tmp_bytes: int = 16 * MIB
    shm_bytes: int = 4 * MIB
    line_chars: int = 2000
    tail_lines: int = 200
    tail_chars: int = 16_000
    streamed_lines: int = 2000
    """How many lines are passed on while the script runs; the tail is kept all the same."""

    def without_group(self) -> "Limits":
        """Where no control group bounds the whole, processes times address space has to.

        2 GiB is more than any script may have in a group. Less would be too little for the one
        process that reserves most: an interpreter, of which little more than a tenth is used.
        """
        return self.model_copy(update={"processes": 16, "address_space_bytes": 128 * MIB})

    @property
    def whole_bytes(self) -> int:
        """What bounds the memory of a sandbox that has no control group."""
        return self.processes * self.address_space_bytes + self.tmp_bytes + self.shm_bytes
