"""`vigil connect`: what it prints is what the adapter reads."""

import json

from typer.testing import CliRunner

from vigil.cli import app
from vigil.integrations.alerts.datadog import TEMPLATE

RUN = CliRunner()


def test_the_template_alone_is_on_standard_output_and_the_clicks_beside_it() -> None:
    ran = RUN.invoke(app, ["connect", "datadog", "--print-template"])
    assert ran.exit_code == 0
    assert ran.stdout == TEMPLATE + "\n"
    assert "Encode as form" in ran.stderr
    assert '{"Authorization": "Bearer $VIGIL_WEBHOOK_SECRET"}' in ran.stderr
    assert "{{#is_alert}}" in ran.stderr


def test_as_json_it_is_what_datadogs_api_takes() -> None:
    ran = RUN.invoke(app, ["connect", "datadog", "--print-template", "--json"])
    told = json.loads(ran.stdout)
    assert json.loads(told["payload"]) == json.loads(TEMPLATE)
    assert json.loads(told["custom_headers"])
    assert told["encode_as"] == "json"


def test_without_the_option_it_says_what_there_is() -> None:
    ran = RUN.invoke(app, ["connect", "datadog"])
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "--print-template" in ran.stderr
