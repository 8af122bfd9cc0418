"""Which model is asked, by the settings, and what `vigil doctor` says of it."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.anthropic_moves import Raw
from tests.support.anthropic_server import KEY, AnthropicServer, anthropic_api
from tests.support.openai_server import KEY as OPENAI_KEY
from tests.support.openai_server import MODEL, openai_api

from vigil.bootstrap.minds import check_models, choose_minds, patience_of
from vigil.domain.errors import SettingsError
from vigil.domain.run import Health
from vigil.settings import Settings


def given(**more: object) -> Settings:
    found: Any = more
    return Settings(_env_file=None, **found)


async def looked_at(
    change: Callable[[AnthropicServer], None] = lambda api: None, **more: object
) -> tuple[Health, ...]:
    """What doctor says, which has a loop of its own, of a server in this one."""
    async with anthropic_api() as api:
        change(api)
        settings = given(anthropic_api_key=KEY, anthropic_base_url=api.url, **more)
        found = await asyncio.to_thread(check_models, settings)
    assert api.bodies == [], "nothing is asked of the model itself"
    return found


def test_without_a_key_no_model_is_asked() -> None:
    assert choose_minds(given()) is None
    assert [health.ok for health in check_models(given())] == [True]


async def test_a_key_is_enough_to_choose_claude() -> None:
    minds = choose_minds(given(anthropic_api_key=KEY))
    assert minds
    assert minds.reasoning.model.name == "claude-sonnet-5-5"
    assert minds.triage.model.name == "claude-haiku-5-5"
    assert minds.triage.price.read == Decimal("0.5")


async def test_every_setting_of_it_counts() -> None:
    settings = given(
        anthropic_api_key=KEY,
        llm_model="claude-opus-5-5",
        llm_price="4/20",
        llm_tokens_out=9000,
        llm_deadline_s=30,
    )
    minds = choose_minds(settings)
    assert minds
    assert minds.reasoning.model.name == "claude-opus-5-5"
    assert minds.reasoning.price == (Decimal(4), Decimal(20))
    assert minds.reasoning.most_out == 9000
    assert patience_of(settings).deadline_s == 30


def test_the_playbook_can_be_chosen_in_spite_of_a_key() -> None:
    assert choose_minds(given(anthropic_api_key=KEY, llm_provider="playbook")) is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"llm_provider": "anthropic"}, "set ANTHROPIC_API_KEY"),
        ({"llm_provider": "someone"}, "playbook"),
        ({"llm_price": "2"}, "two amounts"),
        ({"llm_price": "2/-1"}, "two amounts"),
        ({"llm_price": "nan/1"}, "two amounts"),
        ({"llm_price": "1000001/1"}, "up to 1000000"),
        ({"llm_money_per_day": "1e9"}, "digits"),
        ({"llm_tokens_per_day": 10**13}, "less than or equal to"),
        ({"llm_triage_price": "a/b"}, "two amounts"),
        ({"anthropic_base_url": "ftp://x"}, "https://HOST"),
        ({"anthropic_base_url": "https://x?key=s3cret"}, "https://HOST"),
        ({"llm_deadline_s": 0}, "greater than or equal to 5"),
    ],
)
def test_a_mistake_is_told_without_its_value(more: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        given(**more)
    text = str([each["msg"] for each in caught.value.errors(include_input=False)])
    assert said in text
    assert "s3cret" not in text


async def test_doctor_looks_for_each_model() -> None:
    found = await looked_at()
    assert [(health.part, health.ok) for health in found] == [
        ("model claude-sonnet-5-5", True),
        ("model claude-haiku-5-5", True),
    ]


def no_haiku(api: AnthropicServer) -> None:
    del api.models["claude-haiku-5-5"]


def retired(api: AnthropicServer) -> None:
    api.lifecycle = "retired"


def a_page(api: AnthropicServer) -> None:
    api.about = Raw(b"<html>Sign in</html>", (("content-type", "text/html"),))


def a_list(api: AnthropicServer) -> None:
    api.about = Raw(b"[1]", (("content-type", "application/json"),))


def another_key(api: AnthropicServer) -> None:
    api.key = "sk-ant-another"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (no_haiku, "knows no such model"),
        (retired, "retired"),
        (another_key, "does not accept the key"),
        (a_page, "not what an endpoint of its kind sends"),
        (a_list, "not what an endpoint of its kind sends"),
    ],
)
async def test_doctor_says_what_is_wrong(
    change: Callable[[AnthropicServer], None], said: str
) -> None:
    found = await looked_at(change)
    assert said in found[-1].text
    assert not found[-1].ok
    assert found[-1].remedy
    assert KEY not in str(found)


def test_the_library_is_imported_only_where_it_is_chosen_and_missed_by_name(
    tmp_path: Path,
) -> None:
    """In a process of its own, that cannot import it."""
    code = (
        "import sys\n"
        "import vigil.bootstrap\n"
        "assert 'anthropic' not in sys.modules\n"
        "sys.modules['anthropic'] = None\n"
        "from vigil.bootstrap.minds import choose_minds\n"
        "from vigil.settings import Settings\n"
        "from vigil.domain.errors import SettingsError\n"
        "try: choose_minds(Settings(_env_file=None, anthropic_api_key='k'))\n"
        "except SettingsError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert "pip install --require-hashes -r requirements/anthropic.txt" in done.stdout


LOCAL = {"llm_provider": "openai-compatible", "openai_base_url": "http://127.0.0.1:1/v1"}


async def test_any_endpoint_can_be_chosen_and_then_its_model_is_named() -> None:
    minds = choose_minds(given(**LOCAL, llm_model="qwen3", llm_price="0/0"))
    assert minds
    assert minds.triage is minds.reasoning
    assert (minds.reasoning.model.name, minds.reasoning.price.read) == ("qwen3", Decimal(0))
    both = {"llm_model": "qwen3", "llm_triage_model": "qwen3-4b"}
    two = choose_minds(given(**LOCAL, **both, llm_price="2/4", llm_triage_price="1/2"))
    assert two
    assert (two.triage.model.name, two.triage.price.written) == ("qwen3-4b", Decimal(2))
    with pytest.raises(SettingsError, match="LLM_MODEL: it is not set"):
        choose_minds(given(**LOCAL))


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({"llm_model": "claude-opus-5-5"}, ["LLM_PRICE"]),
        ({"llm_triage_model": "mine"}, ["LLM_TRIAGE_PRICE"]),
        ({"llm_model": "a", "llm_triage_model": "b"}, ["LLM_PRICE", "LLM_TRIAGE_PRICE"]),
        ({"llm_model": "a", "llm_triage_model": "a"}, ["LLM_PRICE"]),
        ({**LOCAL, "llm_model": "qwen3"}, ["LLM_PRICE"]),
    ],
)
def test_a_price_that_nobody_knows_is_asked_for(
    more: dict[str, object], missing: list[str]
) -> None:
    """Taken for another's, or for nothing, no limit of money would hold."""
    with pytest.raises(SettingsError) as caught:
        choose_minds(given(anthropic_api_key=KEY, **more))
    said = caught.value.mistakes
    assert [each.partition(":")[0] for each in said] == missing
    assert all("nobody here knows what" in each for each in said)


async def test_a_model_that_is_known_costs_the_same_in_either_place() -> None:
    minds = choose_minds(given(anthropic_api_key=KEY, llm_model="claude-haiku-5-5"))
    assert minds
    assert minds.reasoning.price == minds.triage.price == (Decimal("0.5"), Decimal("2.5"))


async def test_doctor_looks_at_any_endpoint_once() -> None:
    async with openai_api() as api:
        there = {**LOCAL, "openai_base_url": api.url, "llm_model": MODEL, "llm_price": "0/0"}
        settings = given(**there)
        (health,) = await asyncio.to_thread(check_models, settings)
        assert (health.ok, "does not accept the key" in health.text) == (False, True)
        key = {"openai_api_key": OPENAI_KEY}
        settings = given(**there, **key)
        (health,) = await asyncio.to_thread(check_models, settings)
        assert (health.ok, api.bodies) == (True, [])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"llm_provider": "openai-compatible"}, "set OPENAI_BASE_URL"),
        ({"openai_base_url": "ws://x"}, "https://HOST"),
    ],
)
def test_what_of_an_endpoint_does_not_go_together_is_told(
    more: dict[str, object], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        given(**more)
