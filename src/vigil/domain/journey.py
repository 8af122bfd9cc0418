"""A journey: what a user does on the pages of a service, and what they have to show."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, StringConstraints, model_validator

from vigil.domain.probes.base import MILLISECONDS, HttpUrl, ProbeSpec
from vigil.domain.value import Value

Selector = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A CSS selector."""


class Need(StrEnum):
    """What a step needs that not every browser can do."""

    FRAMES = "frames"
    """To see into a frame of the page."""
    DIALOGS = "dialogs"
    """To say yes to what a page asks in a dialog."""
    LAYOUT = "layout"
    """A picture of the page as users see it."""


class PageExpectation(Value):
    """What the page has to show: ``text`` within the first element that ``selector`` finds, ``url``
    within its address, or ``element`` to be seen or, with ``there: false``, not to be. Or that its
    scripts complained of nothing since the journey began.
    """

    text: str | None = Field(default=None, min_length=1, max_length=500)
    selector: Selector = "body"
    url: str | None = Field(default=None, min_length=1, max_length=500)
    element: Selector | None = None
    there: bool = True
    console: Literal["clean"] | None = None
    within_s: PositiveFloat = Field(default=5.0, le=30.0)
    reload: bool = False
    """Load the page again and again until it shows it, as a customer who waits would."""

    @model_validator(mode="after")
    def _expects_one_thing(self) -> Self:
        wanted = (self.text, self.url, self.element, self.console)
        if sum(each is not None for each in wanted) != 1:
            raise ValueError("expect exactly one of: text, url, element, console")
        if self.text is None and self.selector != "body":
            raise ValueError("`selector` says where a text is; it goes with `text`")
        if self.element is None and not self.there:
            raise ValueError("`there` goes with `element`")
        if self.console is not None and self.reload:
            raise ValueError("`console` looks back; it goes without `reload`")
        return self


class Measure(Value):
    """How long the steps before this one may have taken together."""

    within_ms: PositiveFloat = Field(le=30_000)
    steps: int = Field(default=1, ge=1, le=29)


class JourneyStep(Value):
    """One thing that a user does, or expects to see, and what it takes to do it."""

    open: HttpUrl | None = None
    fill: dict[Selector, str] | None = Field(default=None, min_length=1, max_length=50)
    click: Selector | None = None
    submit: Selector | None = None
    """A form, sent as by its button."""
    expect: PageExpectation | None = None
    note: Selector | None = None
    """An element whose text goes into the probe's sentence, such as the order's number."""
    measure: Measure | None = None
    screenshot: Literal["text", "layout"] | None = None
    """The picture that is kept is of the page as it is here, unless the walk goes wrong later."""
    frame: Selector | None = None
    """Where in the page: within this frame of it. Goes with what looks at elements."""
    dialog: Literal["accept", "dismiss"] = "dismiss"
    """What is answered when the page asks. Goes with what may make it ask."""

    @model_validator(mode="before")
    @classmethod
    def _is_a_mapping(cls, given: Any) -> Any:  # noqa: ANN401 - whatever somebody wrote
        if isinstance(given, str):
            raise ValueError("write a step as `NAME: VALUE`, such as `click: '#pay'`")  # noqa: TRY004 - pydantic shows these only
        return given

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [name for name in DEEDS if getattr(self, name) is not None]
        if len(given) != 1:
            found = ", ".join(given) or "none; a selector that begins with # needs quotes"
            raise ValueError(f"a step is exactly one of: {', '.join(DEEDS)} (given: {found})")
        if self.frame is not None and not self._looks_at_elements:
            raise ValueError(f"`{given[0]}` looks at no element, so it takes no `frame`")
        if self.dialog != "dismiss" and given[0] not in {"click", "submit"}:
            raise ValueError("`dialog` goes with `click` or `submit`")
        return self

    @property
    def needs(self) -> frozenset[Need]:
        """What the browser has to be able to do, besides what every browser can."""
        asked = {
            Need.FRAMES: self.frame is not None,
            Need.DIALOGS: self.dialog == "accept",
            Need.LAYOUT: self.screenshot == "layout",
        }
        return frozenset(need for need, wanted in asked.items() if wanted)

    @property
    def _looks_at_elements(self) -> bool:
        if self.expect is not None:
            return self.expect.text is not None or self.expect.element is not None
        return self.open is None and self.measure is None and self.screenshot is None


DEEDS = ("open", "fill", "click", "submit", "expect", "note", "measure", "screenshot")
"""The fields of a step of which exactly one is given; the others say how."""


class JourneyProbe(ProbeSpec):
    """A walk through pages in a real browser; a screenshot of where it ended is kept."""

    unit: ClassVar[str] = MILLISECONDS
    long: ClassVar[bool] = True
    kind: Literal["journey"] = "journey"
    steps: tuple[JourneyStep, ...] = Field(min_length=1, max_length=30)

    @model_validator(mode="after")
    def _begins_somewhere(self) -> Self:
        if self.steps[0].open is None:
            raise ValueError("a journey begins with `open: URL`")
        return self

    @model_validator(mode="after")
    def _measures_what_is_there(self) -> Self:
        for before, step in enumerate(self.steps):
            if step.measure is not None and step.measure.steps > before:
                raise ValueError(
                    f"step {before + 1} measures {step.measure.steps} steps, but only {before} "
                    "come before it"
                )
        return self

    @property
    def needs(self) -> frozenset[Need]:
        """What the browser has to be able to do, besides what every browser can."""
        return frozenset[Need]().union(*(step.needs for step in self.steps))
