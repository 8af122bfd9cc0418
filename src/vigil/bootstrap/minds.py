"""Which models are asked, where settings choose a vendor; its library is imported only then."""

import asyncio

from vigil.domain.errors import SettingsError
from vigil.domain.run import Health
from vigil.integrations.reasoner.calling import Mind, Patience
from vigil.integrations.reasoner.model import Model
from vigil.integrations.reasoner.modelled import Minds
from vigil.integrations.reasoner.price import Price
from vigil.model_settings import CLAUDE, CLAUDE_TRIAGE, prices_in
from vigil.settings import Settings

NO_LIBRARY = (
    "LLM_PROVIDER: the library '{name}' is not installed; run "
    ".venv/bin/pip install --require-hashes -r requirements/{name}.txt"
)


def choose_minds(settings: Settings) -> Minds | None:
    """The models that may be asked for a plan; None where the playbook writes all of them."""
    if settings.provider == "playbook":
        return None
    if settings.provider == "openai-compatible":
        return _openai_compatible(settings)
    reasoning = settings.llm_model or CLAUDE
    triage = settings.llm_triage_model or CLAUDE_TRIAGE
    return Minds(
        reasoning=_mind(settings, _claude(settings, reasoning), settings.llm_price),
        triage=_mind(settings, _claude(settings, triage), settings.llm_triage_price),
    )


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


def _mind(settings: Settings, model: Model, price: str) -> Mind:
    return Mind(model=model, price=Price(*prices_in(price)), most_out=settings.llm_tokens_out)


def _openai_compatible(settings: Settings) -> Minds:
    """Where no model for triage is named the same is asked, at the same price."""
    name, triage = settings.llm_model, settings.llm_triage_model
    if name is None:
        raise SettingsError(
            ["LLM_MODEL: it is not set; name the model that OPENAI_BASE_URL is to be asked for"]
        )
    reasoning = _mind(settings, _at_an_endpoint(settings, name), settings.llm_price)
    if triage is None:
        return Minds(reasoning=reasoning, triage=reasoning)
    other = _mind(settings, _at_an_endpoint(settings, triage), settings.llm_triage_price)
    return Minds(reasoning=reasoning, triage=other)


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
