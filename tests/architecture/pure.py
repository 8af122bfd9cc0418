"""Run as a program: the pure core heals a shop where the world cannot be touched.

Sockets, files, processes, clocks and chance raise when anything reaches for them. ``--touch NAME``
reaches for something on purpose, to show that it would be noticed.
"""

import argparse
import asyncio
import datetime as dt
import importlib
import os
import pkgutil
import random
import sys
import time
import types
import uuid
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import pydantic

CORE = (
    *("domain", "guard", "ports", "observe", "orient", "decide", "act", "verify", "close"),
    "story",
)
WORLD = ("open", "os.", "socket.", "subprocess.", "shutil.", "tempfile.", "sqlite3.", "glob.")
REAL_MONOTONIC = time.monotonic


class Touched(BaseException):
    """Something reached out; not an Exception, so that no catch-all of the core hides it."""


def refuse(what: str) -> Callable[..., NoReturn]:
    def refused(*_: object, **__: object) -> NoReturn:
        raise Touched(what)

    return refused


def take_away_clocks_and_chance() -> None:
    """Before anything of Vigil is imported, so that no ``from time import time`` escapes."""
    for module, names in (
        (time, ("time", "time_ns", "localtime", "gmtime", "sleep")),
        (random, ("random", "randint", "randrange", "choice", "uniform", "getrandbits")),
        (os, ("urandom", "getrandom")),
        (uuid, ("uuid1", "uuid4")),
    ):
        for name in names:
            setattr(module, name, refuse(f"{module.__name__}.{name}"))

    def monotonic() -> float:
        """The event loop may have it, Vigil may not."""
        if str(sys._getframe(1).f_globals.get("__name__")).startswith("vigil"):
            raise Touched("time.monotonic")
        return REAL_MONOTONIC()

    time.monotonic = monotonic

    class NoNow(dt.datetime):
        now = utcnow = today = classmethod(refuse("datetime.now"))

    dt.datetime = NoNow  # type: ignore[misc] # a module's attribute, on purpose


def take_away_the_world(importing: list[str]) -> None:
    """For good: an audit hook cannot be removed. Source may be read as long as something is
    imported.
    """
    sys.dont_write_bytecode = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if not event.startswith(WORLD):
            return
        source = event in ("os.listdir", "os.scandir") or str(arguments[0]).endswith(
            (".py", ".pyc")
        )
        if not (importing and source):
            raise Touched(f"{event} {arguments!r}")

    sys.addaudithook(hook)


def import_the_core() -> int:
    names = ["vigil.lifecycle"]
    for part in CORE:
        package = importlib.import_module(f"vigil.{part}")
        names += [found.name for found in pkgutil.walk_packages(package.__path__, f"vigil.{part}.")]
    for name in names:
        importlib.import_module(name)
    return len(names)


def reach_for(what: str) -> None:
    """As a module of the core would, somewhere deep."""
    module = types.ModuleType("vigil.domain.reaching")
    exec(f"import datetime, os, random, socket, subprocess, time, uuid\n{what}", vars(module))  # noqa: S102 - the tests' own words


def main(arguments: Sequence[str]) -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--touch", default="")
    touch: str = options.parse_args(arguments).touch
    # Pydantic looks for plugins at the first model, on disk; the loop opens a pair of sockets.
    pydantic.create_model("First")
    loop = asyncio.new_event_loop()
    take_away_clocks_and_chance()
    importing = ["the core, and what plays the world in memory for it"]
    take_away_the_world(importing)
    modules = import_the_core()
    in_memory: Any = importlib.import_module("tests.architecture.in_memory")
    importing.clear()
    reach_for(touch)
    for cure_helps in (True, False):
        ended, done = loop.run_until_complete(in_memory.heal(cure_helps=cure_helps))
        sys.stdout.write(f"{ended} after {len(done)} calls\n")
    sys.stdout.write(f"{modules} modules\n")
    sys.stdout.flush()
    # Leaving in order would close the loop's sockets, which nobody may touch any more.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
