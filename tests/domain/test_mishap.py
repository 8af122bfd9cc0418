"""What is told of an error that nobody foresaw (below 1 s)."""

import json

import pytest

from vigil.domain import mishap
from vigil.domain.identity import content_digest


def test_it_says_which_and_where_in_vigil_and_nothing_that_it_was_given() -> None:
    with pytest.raises(TypeError) as caught:
        content_digest({"password": {b"hunter2"}})
    said = mishap.told(caught.value)
    assert said.startswith("TypeError in vigil.domain.identity.canonical_json, line ")
    assert "hunter2" not in said


def test_where_nothing_of_vigil_took_part_the_innermost_place_is_told() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("hunter2")
    said = mishap.told(caught.value)
    assert said.startswith("JSONDecodeError in json.decoder.JSONDecoder.raw_decode, line ")
    assert mishap.told(KeyError("hunter2")) == "KeyError", "it was never raised"
