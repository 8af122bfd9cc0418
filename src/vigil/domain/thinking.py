"""What becomes of asking a model: a plan, or the one reason out of a closed list why there is none.

What each reason leads to is written in docs/explanation/brain.md, a row for each; a test compares.
"""

from enum import StrEnum


class Unheard(StrEnum):
    """Why a model that was to be asked gave no plan."""

    REFUSED = "refused"
    """It refused. A person is told; the same is not asked again in other words."""
    OUT_OF_TOKENS = "out_of_tokens"
    """Its answer was cut off at its longest; what was cut off is neither read nor carried out."""
    CONTEXT_FULL = "context_full"
    """What it was given does not fit into what it can read."""
    PAUSED = "paused"
    """It asked for more time again and again."""
    ENDLESS = "endless"
    """It went on asking when it had been told to answer."""
    MALFORMED = "malformed"
    """What it sent is not what it should be, also after it was told its mistakes once."""
    OVERLOADED = "overloaded"
    """Its vendor had too much to do, before it began to answer or in the middle of it."""
    RATE_LIMITED = "rate_limited"
    """Its vendor wants fewer questions, for longer than there was time to wait."""
    SPEND_LIMIT = "spend_limit"
    """Its vendor says that the account may spend no more."""
    BUDGET = "budget"
    """Another question could have cost more than this installation allows."""
    TIMED_OUT = "timed_out"
    """It did not answer within the deadline."""
    UNREACHABLE = "unreachable"
    """There was no connection, or it broke."""
    BROKEN = "broken"
    """Its vendor says that something of its own failed, or stopped in the middle."""
    NOT_ADMITTED = "not_admitted"
    """Its vendor does not accept the key, or the key may not do this."""
    REJECTED = "rejected"
    """Its vendor does not take the question, or knows no such model."""
    NOT_REDACTED = "not_redacted"
    """What it should have been told could not be made fit to leave, so it was told nothing."""
