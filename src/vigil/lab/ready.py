"""Waiting by looking: what must answer before a shop counts as open."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import redis

from vigil.lab.config import NO_TLS, LabConfig
from vigil.lab.database import Database
from vigil.lab.errors import LabNotReady

EVERY_S = 0.05
TIMEOUT_S = 2.0
MOST_SAID = 500
LAST_LINES = 3
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """Something that must answer, and the log to look into when it does not."""

    name: str
    answers: Callable[[], bool]
    log: Path


def wait_for(
    parts: Sequence[Part], *, seconds: float, progress: Progress, gone: Callable[[], str | None]
) -> None:
    """Look at all parts until each has answered once; LabNotReady names those that did not."""
    deadline = time.monotonic() + seconds
    waiting = list(parts)
    while waiting:
        answered = [part for part in waiting if part.answers()]
        for part in answered:
            progress(f"{part.name} answers")
        waiting = [part for part in waiting if part not in answered]
        if not waiting:
            return
        ended = gone()
        if ended or time.monotonic() > deadline:
            why = f"no answer within {seconds:.0f} s"
            missing = "; ".join(f"{part.name}: {why}, {last_words(part.log)}" for part in waiting)
            raise LabNotReady(ended or missing)
        time.sleep(EVERY_S)


def last_words(log: Path) -> str:
    """How a log ends: whoever is told may find it gone with the lab."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    said = " / ".join([line.strip() for line in lines if line.strip()][-LAST_LINES:])
    return f"{log} ends with: {said[-MOST_SAID:]}" if said else f"{log} is empty"


def foundations(config: LabConfig) -> list[Part]:
    """What the web application stands on."""
    names, logs = config.names, config.files.logs
    database = Database(config)
    return [
        Part(names.cache, lambda: cache_answers(config), logs / f"{names.cache}.jsonl"),
        Part(names.database, database.accepts, logs / f"{names.database}.err"),
    ]


def services(config: LabConfig) -> list[Part]:
    """Web instances and worker, each for itself, and the front page through the proxy."""
    names, logs = config.names, config.files.logs
    worker = config.urls["worker"]
    return [
        *web_instances(config),
        Part(names.worker, lambda: page_answers(f"{worker}/metrics"), logs / f"{names.worker}.err"),
        Part(
            names.proxy,
            lambda: page_answers(f"{config.shop_url}/"),
            logs / f"{names.proxy}.err",
        ),
    ]


def web_instances(config: LabConfig) -> list[Part]:
    pairs = zip(config.names.web_instances, config.urls["web"].split(), strict=True)
    return [web_instance(config, name, url) for name, url in pairs]


def web_instance(config: LabConfig, name: str, url: str) -> Part:
    return Part(name, lambda: page_answers(f"{url}/healthz"), config.files.logs / f"{name}.err")


def page_answers(url: str) -> bool:
    return _get(url) is not None


def release_of(url: str) -> str | None:
    """The release that an instance says it runs; None when it does not answer."""
    answer = _get(f"{url}/healthz")
    return str(answer.json()["release"]) if answer else None


def _get(url: str) -> httpx2.Response | None:
    """The page, when there is one and it is no error."""
    try:
        answer = httpx2.get(url, timeout=TIMEOUT_S, trust_env=False, verify=NO_TLS)
    except httpx2.TransportError:
        return None
    return answer if answer.is_success else None


def cache_answers(config: LabConfig) -> bool:
    try:
        with redis.Redis(
            host="127.0.0.1", port=config.ports.cache, socket_timeout=TIMEOUT_S
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
