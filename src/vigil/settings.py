"""Settings: from the environment and ``.env``, and from ``vigil.yaml`` and ``policy.yaml``.

Each has a unit, a default and a reason. ``.env.example`` lists them all; a test keeps it complete.
"""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from vigil.domain.catalogue import Catalogue, Environment
from vigil.domain.errors import SettingsError
from vigil.domain.policy import Policy
from vigil.domain.policy_mistakes import mistakes_in, mistakes_in_production
from vigil.domain.references import dangling
from vigil.domain.signed import PublicKey
from vigil.domain.swarm import MOST_SESSIONS
from vigil.domain.value import Name
from vigil.link.addresses import addresses_in
from vigil.model_settings import ModelSettings, names_an_endpoint
from vigil.strict_yaml import load, said

LIGHTPANDA, CHROMIUM = "lightpanda", "chromium"
CDP_SCHEMES = frozenset({"ws", "wss", "http", "https"})
DOCKER_SCHEME = "unix://"
REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})
DATABASES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")
FEWEST_TOKEN_CHARS = 16
"""Wrong tokens are only slowed down, so a token must not be short enough to be found."""


def _state_home() -> Path:
    return Path.home() / ".local" / "state" / "vigil"


class Settings(ModelSettings):
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
    vigil_database_url: SecretStr | None = Field(
        default=None,
        description="Vigil's record: SQLite, or PostgreSQL for many processes. Default: SQLite in "
        "the state folder.",
    )
    vigil_config: Path = Field(default=Path("vigil.yaml"), description="The service catalogue.")
    vigil_policy: Path | None = Field(
        default=None,
        description="What the gate may allow without asking. Default: the careful values.",
    )
    vigil_runbooks: Path | None = Field(
        default=None, description="Folder of runbooks to index on start. Default: the shipped ones."
    )
    vigil_guard_tools: Path | None = Field(
        default=None,
        description="Folder of your own rule files for the guard; they go before the shipped ones.",
    )
    vigil_keep_days: int = Field(
        default=90,
        ge=0,
        le=36_500,
        description="Days after which what a closed incident said is erased; 0 keeps it for ever.",
    )
    vigil_sandbox: Literal["bubblewrap", "docker"] = Field(
        default="bubblewrap",
        description="What makes sandboxes. `docker` makes the runner root; never chosen by itself.",
    )
    docker_host: str = Field(
        default="unix:///var/run/docker.sock",
        description="Unix socket of the Docker engine, for VIGIL_SANDBOX=docker.",
    )
    vigil_drain_s: float = Field(
        default=60,
        ge=0,
        le=3600,
        description="Seconds in which a worker that is told to end may end what it has begun.",
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
        default="http://127.0.0.1:3000",
        description="Where the CLI finds a running Vigil, and where links for people lead.",
    )
    vigil_token: SecretStr | None = Field(
        default=None,
        description="Access token, 16 characters at least. Default: made and printed at start.",
    )
    vigil_runner_listen: str | None = Field(
        default=None,
        description="HOST:PORT where runners near remote targets connect to. Unset: nowhere.",
    )
    vigil_hub: str | None = Field(
        default=None,
        description="HOST:PORT of the Vigil that this machine's runner takes orders from (several: "
        "commas).",
    )
    vigil_hub_key: PublicKey | None = Field(
        default=None,
        description="That Vigil's public key, which `vigil keys hub` prints there.",
    )
    vigil_runner_name: Name | None = Field(
        default=None,
        description="What that Vigil's vigil.yaml calls this machine's runner.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis for live news and limits that processes share. Unset: each by itself.",
    )
    alertmanager_webhook_token: SecretStr | None = Field(
        default=None,
        description="Bearer token of Alertmanager's webhook (several: commas). Unset: off.",
    )
    alertmanager_url: SecretStr | None = Field(
        default=None,
        description="Alertmanager whose silences are respected. Unset: only vigil.yaml's.",
    )
    pagerduty_webhook_secret: SecretStr | None = Field(
        default=None,
        description="Signing secret of PagerDuty's webhook (several: commas). Unset: off.",
    )
    pagerduty_api_key: SecretStr | None = Field(
        default=None,
        description="Key of PagerDuty's REST API, to write to the incidents that alerts came from. "
        "Unset: nothing is written there.",
    )
    pagerduty_from: str | None = Field(
        default=None,
        max_length=254,
        description="E-mail address of the user there in whose name it is written.",
    )
    pagerduty_api_url: str = Field(
        default="https://api.pagerduty.com",
        description="Where that API is; https://api.eu.pagerduty.com in the service region of "
        "Europe.",
    )
    datadog_webhook_secret: SecretStr | None = Field(
        default=None,
        description="Bearer token that Datadog's webhook is given (several: commas). Unset: off.",
    )
    grafana_webhook_secret: SecretStr | None = Field(
        default=None,
        description="Secret that Grafana's webhook signs with, or bears (several: commas). "
        "Unset: off.",
    )
    generic_webhook_secret: SecretStr | None = Field(
        default=None,
        description="Bearer token of the generic webhook and of CloudEvents (several: commas). "
        "Unset: off.",
    )
    vigil_redact_ips: bool = Field(
        default=True,
        description="Whether addresses of machines, too, are taken out of text that leaves.",
    )
    skyflow_url: SecretStr | None = Field(
        default=None,
        description="Skyflow vault whose Detect looks for what the redactor here left. "
        "Unset: none.",
    )
    skyflow_vault_id: str | None = Field(default=None, description="Id of that vault.")
    skyflow_bearer_token: SecretStr | None = Field(
        default=None, description="Bearer token, or API key, of that vault."
    )
    skyflow_credentials_file: Path | None = Field(
        default=None,
        description="Instead of a token: the file of a service account of that vault; tokens are "
        "asked for with its key.",
    )
    vigil_browser: SecretStr | None = Field(
        default=None,
        description="Browser for journeys: `lightpanda`, `chromium`, or the CDP address of one. "
        "Unset: `lightpanda`.",
    )
    lightpanda_ws_endpoint: SecretStr | None = Field(
        default=None,
        description="CDP address of a Lightpanda for journeys. Unset: Vigil runs its own.",
    )
    vigil_swarm_sessions: int = Field(
        default=1000,
        ge=1,
        le=MOST_SESSIONS,
        description="Most sessions that `vigil swarm` sends through a service at once.",
    )
    vigil_swarm_memory_mb: int = Field(
        default=3000,
        ge=100,
        le=100_000,
        description="Megabytes that the browsers of a swarm may take together before it is ended.",
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
    def _is_a_database(cls, url: SecretStr | None) -> SecretStr | None:
        # Not the value itself, which may hold a password.
        if url is not None and not url.get_secret_value().startswith(DATABASES):
            raise ValueError(
                "write sqlite:////absolute/path/vigil.sqlite or "
                "postgresql://user:password@host:5432/database"
            )
        return url

    @field_validator("docker_host")
    @classmethod
    def _is_an_engine(cls, host: str, info: ValidationInfo) -> str:
        # Other tools read this setting too, so it may say anything while it is not used.
        if info.data.get("vigil_sandbox") == "docker" and not host.startswith(f"{DOCKER_SCHEME}/"):
            raise ValueError(
                "write unix:///PATH: an engine on another machine cannot reach the broker here"
            )
        return host

    @field_validator("vigil_runner_listen", "vigil_hub")
    @classmethod
    def _are_addresses(cls, text: str | None, info: ValidationInfo) -> str | None:
        given = () if text is None else addresses_in(text)
        if info.field_name == "vigil_runner_listen" and len(given) > 1:
            raise ValueError("write one HOST:PORT: each process listens at one")
        return text

    @field_validator("redis_url")
    @classmethod
    def _is_a_redis(cls, url: SecretStr | None) -> SecretStr | None:
        # Not the value itself, which may hold a password.
        if url is not None and not _names_a_redis(url.get_secret_value()):
            raise ValueError(
                "write redis://:password@host:6379/0, or rediss (TLS), or unix:///path?db=0"
            )
        return url

    @field_validator("alertmanager_url")
    @classmethod
    def _is_an_api(cls, url: SecretStr | None) -> SecretStr | None:
        # Not the value itself, which may hold a password.
        if url is not None and not names_an_endpoint(url.get_secret_value()):
            raise ValueError("write http://HOST:9093 or https://USER:PASSWORD@HOST/PATH")
        return url

    @field_validator("vigil_browser")
    @classmethod
    def _is_a_browser(cls, browser: SecretStr | None) -> SecretStr | None:
        # Not the value itself, which may hold a token.
        if browser is not None and not names_a_browser(browser.get_secret_value()):
            raise ValueError(
                "write lightpanda, chromium, or ws://HOST:PORT (wss, http, https) of a browser"
            )
        return browser

    @field_validator("lightpanda_ws_endpoint")
    @classmethod
    def _is_an_endpoint(cls, endpoint: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # Not the value itself, which may hold a token.
        if endpoint is None:
            return None
        if not _speaks_cdp(endpoint.get_secret_value()):
            raise ValueError("write ws://HOST:PORT, or wss, http or https")
        chosen = info.data.get("vigil_browser")
        if chosen is not None and chosen.get_secret_value() != LIGHTPANDA:
            raise ValueError("VIGIL_BROWSER names another browser; keep one of the two")
        return endpoint

    @field_validator(
        "vigil_state_dir", "vigil_config", "vigil_policy", "vigil_runbooks", "vigil_guard_tools"
    )
    @classmethod
    def _home_is_known(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser()

    @property
    def docker_socket(self) -> Path:
        """Where the Docker engine listens, if it is used."""
        return Path(self.docker_host.removeprefix(DOCKER_SCHEME))

    @property
    def browser(self) -> str:
        """`lightpanda`, `chromium`, or the CDP address of a browser that somebody else runs. It may
        hold a token, so it is never shown or logged.
        """
        given = self.lightpanda_ws_endpoint or self.vigil_browser
        return LIGHTPANDA if given is None else given.get_secret_value()

    def with_browser(self, browser: str) -> Self:
        """The same with another browser for journeys; ``names_a_browser`` says what it may be."""
        chosen = {"vigil_browser": SecretStr(browser), "lightpanda_ws_endpoint": None}
        return self.model_copy(update=chosen)

    @property
    def database_url(self) -> str:
        """Where Vigil's record is; it may hold a password, so it is never shown or logged."""
        if self.vigil_database_url is None:
            return f"sqlite:///{self.vigil_state_dir / 'vigil.sqlite'}"
        return self.vigil_database_url.get_secret_value()


def names_a_browser(text: str) -> bool:
    """Whether it is one of Vigil's own, or the address of another."""
    return text in {LIGHTPANDA, CHROMIUM} or _speaks_cdp(text)


def _speaks_cdp(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in CDP_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


def _names_a_redis(url: str) -> bool:
    try:
        parts = urlsplit(url)
        place = parts.path if parts.scheme == "unix" else parts.hostname
        database = "0" if parts.scheme == "unix" else parts.path.strip("/") or "0"
        asked = parse_qs(parts.query, strict_parsing=bool(parts.query))
        sound = parts.port != 0
    except ValueError:  # a port that is no number
        return False
    numbers = [database, *asked.pop("db", [])]
    return (
        sound
        and parts.scheme in REDIS_SCHEMES
        and bool(place)
        and all(number.isascii() and number.isdigit() for number in numbers)
        # Anything else could undo what Vigil itself says, such as its deadlines.
        and set(asked) <= {"ssl_ca_certs"}
    )


def load_settings() -> Settings:
    """Settings of this process, or ``SettingsError`` with every mistake."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(
            [
                f"{'.'.join(str(p) for p in d['loc']).upper()}: {said(d)}; correct the "
                "environment or .env"
                for d in error.errors(include_url=False, include_input=False)
            ]
        ) from None


def load_catalogue(path: Path) -> Catalogue:
    """The service catalogue, or ``SettingsError`` with every mistake, its line and its remedy."""
    absent = "name yours in VIGIL_CONFIG (examples/vigil.yaml is one to begin with)"
    return load(path, Catalogue, dangling, absent=absent)


def load_policy(settings: Settings, environment: Environment = Environment.PRODUCTION) -> Policy:
    """The policy, made stricter by the settings where those are stricter.

    Only in a lab may its thresholds be lower than those that hold where there is no policy.
    """
    path = settings.vigil_policy
    look = mistakes_in if environment is Environment.LAB else mistakes_in_production
    policy = load(path, Policy, look) if path else Policy()
    confidence = settings.confidence_auto_execute_threshold
    match = settings.context_match_threshold
    return policy.model_copy(
        update={
            "auto_confidence": max(policy.auto_confidence, confidence or 0),
            "auto_context_match": max(policy.auto_context_match, match or 0),
        }
    )
