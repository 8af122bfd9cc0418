"""What the shop is told from outside: one JSON file, and the name of this instance."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Settings:
    shop_name: str
    service: str
    instance: str
    release: str
    port: int
    dsn: str
    tables: dict[str, str]
    redis_port: int
    keys: dict[str, str]
    worker: dict[str, float]


def load() -> Settings:
    """Read SHOP_CONFIG; the release is the folder this process was started in."""
    raw: dict[str, Any] = json.loads(Path(os.environ["SHOP_CONFIG"]).read_bytes())
    instance = os.environ["SHOP_INSTANCE"]
    own = raw["instances"][instance]
    return Settings(
        shop_name=raw["shop_name"],
        service=own["service"],
        instance=instance,
        release=Path.cwd().name,
        port=own["port"],
        dsn=raw["dsn"],
        tables=raw["tables"],
        redis_port=raw["redis_port"],
        keys=raw["keys"],
        worker=raw["worker"],
    )
