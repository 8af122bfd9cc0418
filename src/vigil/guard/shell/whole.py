"""Whole numbers as scripts write them."""

_MOST_DIGITS = 18
_MOST = 10**18
"""More than any count, width or index needs; Python refuses to read thousands of digits."""


def whole(digits: str) -> int:
    """The number; one of more digits than any use has is as good as the largest."""
    if len(digits.lstrip("+-")) > _MOST_DIGITS:
        return -_MOST if digits.startswith("-") else _MOST
    return int(digits)
