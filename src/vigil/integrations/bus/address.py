"""Where Redis is, as its URL says; a password in it is shown nowhere."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

PORT = 6379


@dataclass(frozen=True)
class Address:
    """What a connection needs; prints as the place alone."""

    host: str
    port: int
    path: str | None
    """Of a unix socket, which then is the place."""
    db: int
    tls: bool
    ca_file: str | None = None
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


def read_address(url: str) -> Address:
    """Of a URL that the settings have found to be one."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    unix = parts.scheme == "unix"
    number = query.get("db", "0") if unix else parts.path.strip("/") or query.get("db", "0")
    return Address(
        host=unquote(parts.hostname or ""),
        port=parts.port or PORT,
        path=unquote(parts.path) if unix else None,
        db=int(number),
        tls=parts.scheme == "rediss",
        ca_file=query.get("ssl_ca_certs"),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
