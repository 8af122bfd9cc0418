"""How every command says what it found: exit codes, one JSON object, complaints with a remedy."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer

from vigil.domain.errors import SettingsError, VigilError

GOOD, NO, WRONG_USAGE = 0, 1, 2
CONSOLE_HOST = "vigil.localhost"
"""Browsers find the loopback address under this name, and keep cookies by name: a name of its own
keeps the session from other services of this machine.
"""

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """The one object, in ASCII: no text of a stranger can steer the terminal that shows it."""
    typer.echo(as_json_line(value))


def as_json_line(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """As ``print_json`` has it, for who prints many."""
    return json.dumps(value, ensure_ascii=True, default=str)


def complain(text: str) -> None:
    """To standard error."""
    typer.echo(text, err=True)


def end(text: str, code: int) -> NoReturn:
    """Complain and exit."""
    complain(text)
    raise typer.Exit(code)


@contextmanager
def told() -> Iterator[None]:
    """Turn Vigil's own errors into their text and exit code; anything else is a bug and shows."""
    try:
        yield
    except SettingsError as error:
        end(str(error), WRONG_USAGE)
    except VigilError as error:
        end(str(error), NO)
