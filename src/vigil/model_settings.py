"""The settings of models: which one is asked, what it may cost, and how long anybody waits."""

from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

CLAUDE, CLAUDE_TRIAGE = "claude-sonnet-5-5", "claude-haiku-5-5"
"""What is asked where nothing else is named."""
LIST_PRICES = MappingProxyType({CLAUDE: "2/10", CLAUDE_TRIAGE: "0.5/2.5"})
"""Of the models whose price is known here, in November 2026: of the cheaper one for long prompts.
What any other costs has to be said: taken for another's, or for nothing, no limit would hold."""
MOST_PRICE = 10**6

MostMoney = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]
MostTokens = Annotated[int, Field(ge=0, le=10**12)]

Provider = Literal["playbook", "anthropic", "openai-compatible"]


class Prices(NamedTuple):
    """Of a million tokens, read and written."""

    read: Decimal
    written: Decimal


class ModelSettings(BaseSettings):
    """What the environment says of models; a part of ``Settings``."""

    anthropic_api_key: SecretStr | None = Field(
        default=None, description="Key of Anthropic's API. Unset: Claude is not asked."
    )
    anthropic_base_url: SecretStr | None = Field(
        default=None, description="Another address of Anthropic's API. Unset: the vendor's own."
    )
    openai_base_url: SecretStr | None = Field(
        default=None,
        description="Address of an endpoint that speaks as OpenAI does, mostly ending in /v1.",
    )
    openai_api_key: SecretStr | None = Field(
        default=None, description="Its key. Unset: none is sent, as to a model of your own."
    )
    llm_provider: Provider | None = Field(
        default=None,
        description="Who writes a plan where no runbook fits for sure: `anthropic`, "
        "`openai-compatible` or `playbook`, which asks no model. Unset: `anthropic` with "
        "ANTHROPIC_API_KEY, otherwise `playbook`.",
    )
    llm_model: str | None = Field(
        default=None,
        min_length=1,
        max_length=128,
        description=f"Model that writes plans. Unset: `{CLAUDE}` with Claude; with others it has "
        "to be named.",
    )
    llm_triage_model: str | None = Field(
        default=None,
        min_length=1,
        max_length=128,
        description="Cheaper model for incidents of low severity. Unset: "
        f"`{CLAUDE_TRIAGE}` with Claude, LLM_MODEL with others.",
    )
    llm_price: str | None = Field(
        default=None,
        description="Price of a million tokens of LLM_MODEL, read and written, as READ/WRITTEN. "
        f"Unset: {LIST_PRICES[CLAUDE]} for `{CLAUDE}`, {LIST_PRICES[CLAUDE_TRIAGE]} for "
        f"`{CLAUDE_TRIAGE}`; of any other model it has to be said.",
    )
    llm_triage_price: str | None = Field(default=None, description="The same of LLM_TRIAGE_MODEL.")
    llm_tokens_out: int = Field(
        default=16_000,
        ge=1000,
        le=128_000,
        description="Most tokens that a model may write in one turn, thinking included.",
    )
    llm_deadline_s: float = Field(
        default=120,
        ge=5,
        le=900,
        description="Seconds in which a model has to come to a plan; then the playbook's counts.",
    )
    llm_tokens_per_incident: MostTokens = Field(
        default=500_000, description="Most tokens that models may take for one incident."
    )
    llm_tokens_per_day: MostTokens = Field(
        default=5_000_000, description="Most tokens that models may take within 24 hours."
    )
    llm_money_per_incident: MostMoney = Field(
        default=Decimal(2),
        description="Most money that models may cost for one incident, in the prices' currency.",
    )
    llm_money_per_day: MostMoney = Field(
        default=Decimal(20), description="Most money that models may cost within 24 hours."
    )

    @field_validator("anthropic_base_url", "openai_base_url")
    @classmethod
    def _is_an_endpoint_of_a_model(cls, url: SecretStr | None) -> SecretStr | None:
        # Not the value itself, which may hold a password.
        if url is not None and not names_an_endpoint(url.get_secret_value()):
            raise ValueError("write https://HOST or http://HOST:PORT/PATH, with no query")
        return url

    @field_validator("llm_price", "llm_triage_price")
    @classmethod
    def _is_a_price(cls, text: str | None) -> str | None:
        if text is not None:
            prices_in(text)
        return text

    @field_validator("llm_provider")
    @classmethod
    def _has_a_key(cls, provider: str | None, info: ValidationInfo) -> str | None:
        if provider == "anthropic" and info.data.get("anthropic_api_key") is None:
            raise ValueError("anthropic needs a key; set ANTHROPIC_API_KEY as well")
        if provider == "openai-compatible" and info.data.get("openai_base_url") is None:
            raise ValueError("openai-compatible needs an address; set OPENAI_BASE_URL as well")
        return provider

    @property
    def provider(self) -> Provider:
        """Who writes plans where no runbook fits for sure."""
        if self.llm_provider is not None:
            return self.llm_provider
        return "playbook" if self.anthropic_api_key is None else "anthropic"


def prices_in(text: str) -> Prices:
    """What stands before and behind the stroke.

    :raises ValueError: it is not two amounts.
    """
    read, stroke, written = text.partition("/")
    try:
        found = Prices(Decimal(read.strip()), Decimal(written.strip()))
    except InvalidOperation:
        found = None
    if not stroke or found is None or not all(map(_is_an_amount, found)):
        raise ValueError(f"write two amounts up to {MOST_PRICE}, such as 2/10")
    return found


def _is_an_amount(each: Decimal) -> bool:
    return each.is_finite() and 0 <= each <= MOST_PRICE


def names_an_endpoint(url: str) -> bool:
    """Whether it is the address of an API: no query, no fragment."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False
    return sound and not parts.query and not parts.fragment
