"""Settings: from the environment and ``.env``, and from ``vigil.yaml`` and ``policy.yaml``.

Each has a unit, a default and a reason. ``.env.example`` lists them all; a test keeps it complete.
"""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vigil.domain.catalogue import Catalogue
from vigil.domain.errors import SettingsError
from vigil.domain.policy import Policy
from vigil.domain.references import dangling
from vigil.strict_yaml import load

CDP_SCHEMES = frozenset({"ws", "wss", "http", "https"})
FEWEST_TOKEN_CHARS = 16
"""Wrong tokens are only slowed down, so a token must not be short enough to be found."""


def _state_home() -> Path:
    return Path.home() / ".local" / "state" / "vigil"


class Settings(BaseSettings):
    """What the environment says. Secrets are ``SecretStr``, so that no log line shows one."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        # A line that was left empty says nothing; it must not turn a source on or a path to ".".
        env_ignore_empty=True,
        extra="ignore",
    )

    vigil_state_dir: Path = Field(
        default_factory=_state_home,
        description="Folder of databases, keys, sockets and the stop switch; only yours to read.",
    )
    vigil_database_url: str | None = Field(
        default=None,
        description="Vigil's record. Default: SQLite in the state folder, for one process.",
    )
    vigil_config: Path = Field(default=Path("vigil.yaml"), description="The service catalogue.")
    vigil_policy: Path | None = Field(
        default=None,
        description="What the gate may allow without asking. Default: the careful values.",
    )
    vigil_runbooks: Path | None = Field(
        default=None, description="Folder of runbooks to index on start. Default: the shipped ones."
    )
    vigil_host: str = Field(
        default="127.0.0.1", description="Address to listen on; loopback unless you say otherwise."
    )
    vigil_port: int = Field(default=3000, ge=1, le=65535, description="Port to listen on.")
    vigil_allowed_hosts: str = Field(
        default="",
        description="Further names that the Host header may carry, separated by commas.",
    )
    vigil_url: str = Field(
        default="http://127.0.0.1:3000", description="Where the CLI finds a running Vigil."
    )
    vigil_token: SecretStr | None = Field(
        default=None,
        description="Access token, 16 characters at least. Default: made and printed at start.",
    )
    alertmanager_webhook_token: SecretStr | None = Field(
        default=None,
        description="Bearer token of Alertmanager's webhook (several: commas). Unset: off.",
    )
    pagerduty_webhook_secret: SecretStr | None = Field(
        default=None,
        description="Signing secret of PagerDuty's webhook (several: commas). Unset: off.",
    )
    lightpanda_ws_endpoint: SecretStr | None = Field(
        default=None,
        description="CDP endpoint of a browser for journeys. Unset: Vigil runs its own Lightpanda.",
    )
    confidence_auto_execute_threshold: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Least confidence (0-100) to act without asking.",
    )
    context_match_threshold: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Least context match (0-100) to act without asking.",
    )

    @field_validator("vigil_token")
    @classmethod
    def _not_guessed(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < FEWEST_TOKEN_CHARS:
            raise ValueError(f"fewer than {FEWEST_TOKEN_CHARS} characters can be guessed")
        return token

    @field_validator("vigil_database_url")
    @classmethod
    def _only_sqlite_yet(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith("sqlite:///"):
            raise ValueError("only SQLite works yet: write sqlite:////absolute/path/vigil.sqlite")
        return url

    @field_validator("lightpanda_ws_endpoint")
    @classmethod
    def _is_an_endpoint(cls, endpoint: SecretStr | None) -> SecretStr | None:
        # Not the value itself, which may hold a token.
        if endpoint is not None:
            try:
                parts = urlsplit(endpoint.get_secret_value())
                sound = parts.scheme in CDP_SCHEMES and bool(parts.hostname) and parts.port != 0
            except ValueError:  # a port that is no number
                sound = False
            if not sound:
                raise ValueError("write ws://HOST:PORT, or wss, http or https")
        return endpoint

    @field_validator("vigil_state_dir", "vigil_config", "vigil_policy", "vigil_runbooks")
    @classmethod
    def _home_is_known(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser()

    @property
    def database_url(self) -> str:
        """Where Vigil's record is."""
        default = f"sqlite:///{self.vigil_state_dir / 'vigil.sqlite'}"
        return self.vigil_database_url or default


def load_settings() -> Settings:
    """Settings of this process, or ``SettingsError`` with every mistake."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(
            [
                f"{'.'.join(str(p) for p in d['loc']).upper()}: {d['msg']}; correct the "
                "environment or .env"
                for d in error.errors(include_url=False, include_input=False)
            ]
        ) from None


def load_catalogue(path: Path) -> Catalogue:
    """The service catalogue, or ``SettingsError`` with every mistake, its line and its remedy."""
    return load(path, Catalogue, dangling)


def load_policy(settings: Settings) -> Policy:
    """The policy, made stricter by the environment where that is stricter."""
    policy = load(settings.vigil_policy, Policy) if settings.vigil_policy else Policy()
    confidence = settings.confidence_auto_execute_threshold
    match = settings.context_match_threshold
    return policy.model_copy(
        update={
            "auto_confidence": max(policy.auto_confidence, confidence or 0),
            "auto_context_match": max(policy.auto_context_match, match or 0),
        }
    )
