"""What this process remembers: the courses of the incidents that were asked for last."""

from collections import OrderedDict

from vigil.domain.course import Course
from vigil.domain.news import News

MOST_COURSES = 1000
"""About a kilobyte each."""


class Shelf:
    """One course per incident, with the version at which it was read."""

    def __init__(self) -> None:
        self._courses: OrderedDict[str, tuple[int, Course]] = OrderedDict()

    def get(self, news: News) -> Course | None:
        """What was read at this very version."""
        version, course = self._courses.get(news.incident, (-1, None))
        if version != news.version:
            return None
        self._courses.move_to_end(news.incident)
        return course

    def put(self, news: News, course: Course) -> None:
        """Keep it, instead of what was read of this incident before."""
        self._courses[news.incident] = (news.version, course)
        self._courses.move_to_end(news.incident)
        if len(self._courses) > MOST_COURSES:
            self._courses.popitem(last=False)
