"""What commands print."""

import json

import pytest

from vigil.cli.words import print_json


def test_json_holds_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"text": "\u202eevil\x9b31m\x1b[2J\u200b\ud800 é"}
    print_json(value)
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert "\x1b" not in printed
    assert json.loads(printed) == value
