"""The commands of the how-tos for Datadog and Grafana, as they stand there, against a Vigil."""

import asyncio
import json
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from tests.web.house import WEBHOOK_TOKEN, House

from vigil.domain.catalogue import Catalogue
from vigil.integrations.alerts.datadog import TURNS

HOW_TO = Path(__file__).parents[2] / "docs/how-to"
MISSING = [tool for tool in ("bash", "curl", "openssl") if shutil.which(tool) is None]


def blocks(name: str, kind: str) -> list[str]:
    page = (HOW_TO / f"connect-{name}.md").read_text()
    return re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)


async def tried(house: House, name: str, secret: str) -> str:
    """What the last block prints, with the three values of the block before it."""
    settings, commands = blocks(name, "bash")
    assert all(each in settings for each in ("VIGIL_URL", "TRY_SECRET", "TRY_SERVICE"))
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", commands),
        env={
            "PATH": os.environ["PATH"],
            "VIGIL_URL": house.origin,
            "TRY_SECRET": secret,
            "TRY_SERVICE": "Shop (production)",
        },
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    return printed.decode()


@pytest.mark.skipif(bool(MISSING), reason=f"not installed here: {', '.join(MISSING)}")
@pytest.mark.parametrize("name", ["datadog", "grafana"])
async def test_the_try_opens_an_incident_and_a_wrong_secret_does_not(
    house: House, name: str
) -> None:
    # The commands sign the time that the machine has.
    house.clock.set_wall((datetime.now(UTC) - house.clock.now()).total_seconds())
    refused = json.loads(await tried(house, name, "another"))
    assert "wrong or missing" in refused["error"]["what"]
    assert (await tried(house, name, WEBHOOK_TOKEN)).startswith('{"alerts":1,')
    await house.take_in()
    [incident] = await house.record.journal.incidents()
    assert (incident.service, incident.symptom) == ("web", "errors")


def test_the_mapping_means_what_the_page_on_datadog_says() -> None:
    [written] = blocks("datadog", "yaml")
    document = yaml.safe_load(written) | {"version": 1}
    tcp = {"kind": "tcp", "host": "127.0.0.1", "port": 1}
    document["services"]["shop"]["probes"] = {"checkout": tcp}
    catalogue = Catalogue.model_validate(document)
    page = (HOW_TO / "connect-datadog.md").read_text()
    sentence = re.search(r'A monitor "(.*?)" with the tag `service:(.*?)` is now heard', page)
    assert sentence is not None
    service = catalogue.service_called(sentence[2])
    assert (service, catalogue.symptom_for(service, sentence[1])) == ("shop", "checkout")


def test_the_page_on_datadog_names_each_transition() -> None:
    page = (HOW_TO / "connect-datadog.md").read_text()
    named = {word.lower() for word in re.findall(r"`([A-Z][\w -]+)`", page)}
    assert set(TURNS) <= named
