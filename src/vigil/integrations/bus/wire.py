"""What stands in Redis: strict to read, bounded, and nothing private in it.

Whoever can write to that Redis may say anything, so what is odd is as good as not there.
"""

from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from vigil.domain.course import Course
from vigil.domain.news import News
from vigil.domain.value import Value
from vigil.ports.bus import MOST_UNHEARD

MOST_TOLD_BYTES = 64 * 1024
"""Of one message; 500 incidents with the longest identifiers need 50 KB."""
MOST_COURSE_BYTES = 4096
"""Of one course: some sixty stages. A longer one is read from the record each time."""

Number = Annotated[int, Field(ge=0, lt=2**63)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Told(Value):
    """One message: who speaks, and which incidents changed (id, newest event, version).

    ``missed``: what else changed is not known, so whoever hears this looks at the record.
    """

    speaker: Identifier
    missed: bool = False
    changed: tuple[tuple[Identifier, Number, Number], ...] = Field((), max_length=MOST_UNHEARD)

    @property
    def news(self) -> tuple[News, ...]:
        """As the listeners want it."""
        return tuple(News(incident=i, seq=s, version=v) for i, s, v in self.changed)

    @classmethod
    def by(cls, speaker: str, news: tuple[News, ...] | None) -> "Told":
        """None: something was missed."""
        changed = tuple((one.incident, one.seq, one.version) for one in news or ())
        return cls(speaker=speaker, missed=news is None, changed=changed)


class Remembered(Value):
    """A course, and which version of which incident it was read at."""

    incident: Identifier
    version: Number
    course: Course


def told(data: object) -> Told | None:
    """The message, or None for what is none."""
    if not isinstance(data, bytes) or len(data) > MOST_TOLD_BYTES:
        return None
    try:
        return Told.model_validate_json(data, strict=True)
    except ValidationError:
        return None


def remembered(data: object, news: News) -> Course | None:
    """The course, or None where it is another's, another version's, or none at all."""
    if not isinstance(data, bytes) or not 0 < len(data) <= MOST_COURSE_BYTES:
        return None
    try:
        found = Remembered.model_validate_json(data, strict=True)
    except ValidationError:
        return None
    same = (found.incident, found.version) == (news.incident, news.version)
    return found.course if same else None


def to_remember(news: News, course: Course) -> bytes | None:
    """What to keep in Redis; None when it is too long, or names what no message may."""
    try:
        entry = Remembered(incident=news.incident, version=news.version, course=course)
    except ValidationError:
        return None
    data = entry.model_dump_json().encode()
    return data if len(data) <= MOST_COURSE_BYTES else None
