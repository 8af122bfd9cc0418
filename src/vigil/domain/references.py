"""Names in a catalogue that point to nothing, or to the same thing where they must not."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vigil.domain.overlaps import overlapping

Place = tuple[str | int, ...]
Dangling = tuple[Place, str]
Raw = Mapping[Any, Any]


def dangling(document: Any) -> Iterator[Dangling]:  # noqa: ANN401 - a raw document of any shape
    """Place and sentence of each name in a raw catalogue that points to nothing.

    It bears any shape, so that a user hears of these beside every other mistake. What is no name at
    all is not looked at, and not repeated back.
    """
    services = _mapping(_mapping(document).get("services"))
    runners = _mapping(_mapping(document).get("runners"))
    for name, service in services.items():
        for place, text in _of_service(_mapping(service), services):
            yield ("services", name, *place), text
        for place, runner in _names(("runner",), _mapping(service).get("runner")):
            if runner not in runners:
                known = ", ".join(map(str, runners)) or "none"
                words = f"no runner '{runner}' under runners; add it or name one of: {known}"
                yield ("services", name, *place), words
    yield from _same_keys(runners)
    yield from overlapping(services)


def _same_keys(runners: Raw) -> Iterator[Dangling]:
    """Two runners of one key could not be told apart."""
    first: dict[str, object] = {}
    for name, runner in runners.items():
        key = _mapping(runner).get("key")
        if isinstance(key, str) and first.setdefault(key, name) != name:
            text = f"'{first[key]}' has the same key; give each runner a key of its own"
            yield ("runners", name, "key"), text


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
    walks = [name for name, probe in probes.items() if _mapping(probe).get("kind") == "journey"]
    swarm = _mapping(service.get("swarm"))
    for place, journey in _names(("swarm", "journey"), swarm.get("journey")):
        if journey not in walks:
            known = ", ".join(map(str, walks)) or "none"
            text = f"no journey '{journey}' among the probes here; add it or name one of: {known}"
            yield place, text


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
