"""Log lines as JSON, one object a line, on standard output."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from .settings import Settings

MOST_FRAMES = 20


class JsonLines(logging.Formatter):
    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._constant = {
            "service": settings.service,
            "instance": settings.instance,
            "release": settings.release,
        }

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            **self._constant,
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            entry["exception"] = describe(record.exc_info[1])
        return json.dumps(entry, ensure_ascii=False)


def describe(error: BaseException) -> dict[str, Any]:
    return {
        "type": type(error).__name__,
        "message": str(error).strip()[:500],
        "frames": _frames(error.__traceback__),
    }


def _frames(trace: TracebackType | None) -> list[str]:
    summary = traceback.extract_tb(trace)[-MOST_FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in summary]


def _short(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    for folder in ("/site-packages/", f"/python{sys.version_info[0]}.{sys.version_info[1]}/"):
        before, found, after = filename.rpartition(folder)
        if before and found:
            return after
    return filename


def configure(settings: Settings) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(settings))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # The pool tells of every connection; a page that gets none says so itself.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    # An unhandled error is logged once, with its route, by the page that answers it.
    logging.getLogger("uvicorn.error").addFilter(
        lambda record: "Exception in ASGI application" not in record.getMessage()
    )
