"""The examples are true: what they show can be loaded, and nothing is left out (below 1 s)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from vigil.domain.catalogue import Autonomy, Catalogue, Environment
from vigil.settings import load_catalogue

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CATALOGUES = sorted(EXAMPLES.rglob("vigil.yaml"))


def keys_of(value: Any) -> Iterator[str]:  # noqa: ANN401 - YAML
    """Every key at any depth."""
    if isinstance(value, dict):
        yield from value
        for each in value.values():
            yield from keys_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from keys_of(each)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - a type
    """The models that a field's type names, whatever they are wrapped in."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def fields_of(model: type[BaseModel]) -> Iterator[str]:
    """Every field of a model, of the models in it, and so on."""
    for name, field in model.model_fields.items():
        yield field.alias or name
        for each in models_in(field.annotation):
            yield from fields_of(each)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda p: str(p.relative_to(EXAMPLES)))
def test_an_example_catalogue_is_without_a_mistake_and_begins_by_watching(path: Path) -> None:
    catalogue = load_catalogue(path)
    assert catalogue.environment is Environment.PRODUCTION
    assert {s.autonomy for s in catalogue.services.values()} == {Autonomy.OBSERVE}


def test_the_whole_example_has_every_key_there_is() -> None:
    text = (EXAMPLES / "vigil.yaml").read_text()
    whole = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it keeps every word as text
    assert set(fields_of(Catalogue)) - set(keys_of(whole)) == set()


def test_the_site_of_the_how_to_is_as_small_as_it_says() -> None:
    (site,) = load_catalogue(EXAMPLES / "static-site" / "vigil.yaml").services.values()
    assert len(site.probes) == 2
    assert len(site.grants) == 2
