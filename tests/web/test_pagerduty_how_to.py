"""The commands of the how-to, as they stand there, against a running Vigil."""

import asyncio
import json
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from tests.web.house import PAGERDUTY_SECRETS, House

from vigil.domain.catalogue import Catalogue

PAGE = (Path(__file__).parents[2] / "docs/how-to/connect-pagerduty.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
TOOLS = ("bash", "curl", "openssl")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]


async def tried(house: House, secret: str) -> str:
    """What the last block prints, with the three values of the block before it."""
    assert all(name in BLOCKS[-2] for name in ("VIGIL_URL", "TRY_SECRET", "TRY_SERVICE"))
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", BLOCKS[-1]),
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
async def test_the_try_opens_an_incident_and_a_wrong_secret_does_not(house: House) -> None:
    refused = json.loads(await tried(house, "another"))
    assert "wrong or missing" in refused["error"]["what"]
    assert await house.record.journal.incidents() == ()
    answer = await tried(house, PAGERDUTY_SECRETS[0])
    assert answer.startswith('{"alerts":1,')
    await house.take_in()
    [incident] = await house.record.journal.incidents()
    assert (incident.service, incident.symptom) == ("web", "errors")


def test_the_mapping_means_what_the_page_says() -> None:
    block = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    document = yaml.safe_load(block[1]) | {"version": 1}
    tcp = {"kind": "tcp", "host": "127.0.0.1", "port": 1}
    document["services"]["shop"]["probes"] = {"checkout": tcp}
    catalogue = Catalogue.model_validate(document)
    sentence = re.search(r'An incident "(.*?)" on "(.*?)" is now heard', PAGE)
    assert sentence is not None
    service = catalogue.service_called(sentence[2])
    assert (service, catalogue.symptom_for(service, sentence[1])) == ("shop", "checkout")
