"""Which models are asked, where settings choose a vendor; its library is imported only then."""

import asyncio
from typing import NamedTuple

from vigil.domain.errors import SettingsError
from vigil.domain.run import Health
from vigil.integrations.reasoner.calling import Mind, Patience
from vigil.integrations.reasoner.model import Model
from vigil.integrations.reasoner.modelled import Minds
from vigil.integrations.reasoner.price import Price
from vigil.model_settings import CLAUDE, CLAUDE_TRIAGE, LIST_PRICES, prices_in
from vigil.settings import Settings

NO_LIBRARY = (
    "LLM_PROVIDER: the library '{name}' is not installed; run "
    ".venv/bin/pip install --require-hashes -r requirements/{name}.txt"
)


def choose_minds(settings: Settings) -> Minds | None:
    """The models that may be asked for a plan; None where the playbook writes all of them."""
    if settings.provider == "playbook":
        return None
    names = _names(settings)
    prices = _prices(settings, names)
    made = {name: _mind(settings, name, price) for name, price in prices.items()}
    return Minds(reasoning=made[names.reasoning], triage=made[names.triage])


def patience_of(settings: Settings) -> Patience:
    """How long anybody waits for a model: for one call half of what there is for the plan."""
    return Patience(deadline_s=settings.llm_deadline_s, call_s=settings.llm_deadline_s / 2)


def check_models(settings: Settings) -> tuple[Health, ...]:
    """Whether the models that are chosen are there; none of them is asked anything."""
    minds = choose_minds(settings)
    if minds is None:
        text = "none is asked: runbooks alone say what is done"
        return (Health(part="model", ok=True, text=text),)

    async def look() -> tuple[Health, ...]:
        models = tuple(dict.fromkeys((minds.reasoning.model, minds.triage.model)))
        try:
            return tuple(await asyncio.gather(*(model.health() for model in models)))
        finally:
            for model in models:
                await model.close()

    return asyncio.run(look())


class _Names(NamedTuple):
    """Of the thorough model, and of the cheap one, which may be the same."""

    reasoning: str
    triage: str


def _names(settings: Settings) -> _Names:
    """Where no model for triage is named the same is asked, but for Claude."""
    if settings.provider == "anthropic":
        return _Names(settings.llm_model or CLAUDE, settings.llm_triage_model or CLAUDE_TRIAGE)
    if settings.llm_model is None:
        raise SettingsError(
            ["LLM_MODEL: it is not set; name the model that OPENAI_BASE_URL is to be asked for"]
        )
    return _Names(settings.llm_model, settings.llm_triage_model or settings.llm_model)


def _prices(settings: Settings, names: _Names) -> dict[str, Price]:
    """By name; no model is asked whose price nobody has said."""
    said = {"LLM_PRICE": (names.reasoning, settings.llm_price)}
    if names.triage != names.reasoning:
        said["LLM_TRIAGE_PRICE"] = (names.triage, settings.llm_triage_price)
    found = {name: price or LIST_PRICES.get(name) for name, price in said.values()}
    mistakes = [
        f"{setting}: it is not set, and nobody here knows what {name} costs; write READ/WRITTEN of "
        "a million tokens, such as 2/10, or 0/0 where nobody is paid"
        for setting, (name, _) in said.items()
        if found[name] is None
    ]
    if mistakes:
        raise SettingsError(mistakes)
    return {name: Price(*prices_in(price)) for name, price in found.items() if price is not None}


def _mind(settings: Settings, name: str, price: Price) -> Mind:
    anthropic = settings.provider == "anthropic"
    model = _claude(settings, name) if anthropic else _at_an_endpoint(settings, name)
    return Mind(model=model, price=price, most_out=settings.llm_tokens_out)


def _at_an_endpoint(settings: Settings, name: str) -> Model:
    try:
        from vigil.integrations.reasoner.openai import OpenAICompatible
    except ModuleNotFoundError as error:
        raise SettingsError([NO_LIBRARY.format(name="openai")]) from error
    key, url = settings.openai_api_key, settings.openai_base_url
    if url is None:
        raise SettingsError(["OPENAI_BASE_URL: it is not set; say where the model is"])
    most_out = settings.llm_tokens_out
    return OpenAICompatible(
        name, url.get_secret_value(), most_out, None if key is None else key.get_secret_value()
    )


def _claude(settings: Settings, name: str) -> Model:
    try:
        from vigil.integrations.reasoner.anthropic import Claude
    except ModuleNotFoundError as error:
        raise SettingsError([NO_LIBRARY.format(name="anthropic")]) from error
    key, url = settings.anthropic_api_key, settings.anthropic_base_url
    if key is None:
        raise SettingsError(["ANTHROPIC_API_KEY: it is not set, and Claude is to be asked; set it"])
    return Claude(
        name,
        key.get_secret_value(),
        settings.llm_tokens_out,
        None if url is None else url.get_secret_value(),
    )
