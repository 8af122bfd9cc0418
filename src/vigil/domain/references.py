"""Names in a catalogue that point to nothing."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Place = tuple[str | int, ...]
Dangling = tuple[Place, str]
Raw = Mapping[Any, Any]


def dangling(document: Any) -> Iterator[Dangling]:  # noqa: ANN401 - a raw document of any shape
    """Place and sentence of each name in a raw catalogue that points to nothing.

    It bears any shape, so that a user hears of these beside every other mistake. What is no name at
    all is not looked at, and not repeated back.
    """
    services = _mapping(_mapping(document).get("services"))
    for name, service in services.items():
        for place, text in _of_service(_mapping(service), services):
            yield ("services", name, *place), text


def _of_service(service: Raw, services: Raw) -> Iterator[Dangling]:
    depends_on = _list(service.get("depends_on"))
    for place, needed in _names(("depends_on",), depends_on):
        if needed not in services:
            yield place, f"'{needed}' is not in the catalogue; add it or correct the name"
    sessions = _mapping(_mapping(service.get("telemetry")).get("sessions"))
    for place, database in _names(("telemetry", "sessions", "on"), sessions.get("on")):
        if database not in depends_on:
            yield place, f"'{database}' is not in depends_on here; add it or correct the name"
    probes = _mapping(service.get("probes"))
    for place, probe in _named_probes(service):
        if probe not in probes:
            known = ", ".join(map(str, probes)) or "none"
            yield place, f"no probe '{probe}' here; add it or name one of: {known}"


def _named_probes(service: Raw) -> Iterator[tuple[Place, str]]:
    for symptom, mapped in _mapping(service.get("symptoms")).items():
        for key in ("probes", "prove_with"):
            yield from _names(("symptoms", symptom, key), _mapping(mapped).get(key))
    for key in ("backlog", "paused"):
        yield from _names(("work", key), _mapping(service.get("work")).get(key))


def _names(place: Place, value: Any) -> Iterator[tuple[Place, str]]:  # noqa: ANN401 - any shape
    """The name at a place, or each of its list of names."""
    if isinstance(value, str):
        yield place, value
    for number, each in enumerate(_list(value)):
        if isinstance(each, str):
            yield (*place, number), each


def _mapping(value: Any) -> Raw:  # noqa: ANN401 - any shape
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> Iterable[Any]:  # noqa: ANN401 - any shape
    return value if isinstance(value, list | tuple) else ()
