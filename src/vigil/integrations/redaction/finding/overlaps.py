"""Of all that was found, what is said: in order, without overlaps, nothing left uncovered."""

from collections.abc import Iterable

from vigil.domain.redacted import Found, Kind

_RANK = {
    kind: rank
    for rank, kind in enumerate(
        (
            Kind.PRIVATE_KEY,
            Kind.LOOKALIKE,
            Kind.JWT,
            Kind.KEY,
            Kind.COOKIE,
            Kind.PASSWORD,
            Kind.EMAIL,
            Kind.IBAN,
            Kind.CARD,
            Kind.GOVERNMENT_ID,
            Kind.PHONE,
            Kind.IP,
            Kind.SECRET,
            Kind.ADDRESS,
            Kind.NAME,
            Kind.PERSONAL,
        )
    )
}
"""Which kind it is when two were seen in one place: what is told by its form before what is told by
what stands around it."""


def settled(found: Iterable[Found]) -> tuple[Found, ...]:
    """Stretches that overlap become one that covers them all, of the surest kind among them."""
    said: list[Found] = []
    for one in sorted(set(found)):
        if one.start >= one.end:
            continue
        if said and one.start < said[-1].end:
            last = said.pop()
            kind = min(last.kind, one.kind, key=_RANK.__getitem__)
            one = Found(last.start, max(last.end, one.end), kind)  # noqa: PLW2901 - grows in place
        said.append(one)
    return tuple(said)
