"""Which redactor settings choose (below 1 s)."""

from pathlib import Path

import pytest
from tests.support.skyflow import Vault, new_account

from vigil.bootstrap.redacting import choose_redaction, health_of_redaction
from vigil.domain.errors import SettingsError
from vigil.integrations.redaction.embedded import EmbeddedRedaction
from vigil.integrations.redaction.skyflow import SkyflowRedaction
from vigil.ports.redaction import Redaction
from vigil.settings import Settings

ALL = {
    "skyflow_url": "https://x.vault.skyflowapis.com",
    "skyflow_vault_id": "v1",
    "skyflow_bearer_token": "made-up",
}


def chosen(**given: str) -> Redaction:
    return choose_redaction(Settings.model_validate(given))


def test_without_a_vendor_the_embedded_one_does_it() -> None:
    redaction = chosen()
    assert isinstance(redaction, EmbeddedRedaction)
    assert health_of_redaction(redaction) == {}


def test_a_vendor_is_chosen_by_giving_its_settings() -> None:
    redaction = chosen(**ALL)
    assert isinstance(redaction, SkyflowRedaction)
    assert health_of_redaction(redaction) == {"redaction": redaction.health}


@pytest.mark.parametrize("missing", ALL)
def test_half_of_them_are_a_mistake_that_is_told(missing: str) -> None:
    with pytest.raises(SettingsError, match="belong together"):
        chosen(**{name: value for name, value in ALL.items() if name != missing})


def test_a_service_account_stands_in_for_a_token(tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    new_account(Vault({}), "https://manage.skyflowapis.com/v1/auth/sa/oauth/token", file)
    given = {name: value for name, value in ALL.items() if name != "skyflow_bearer_token"}
    assert isinstance(chosen(**given, skyflow_credentials_file=str(file)), SkyflowRedaction)
    with pytest.raises(SettingsError, match="belong together"):
        chosen(**ALL, skyflow_credentials_file=str(file))


def test_personal_data_goes_nowhere_in_the_clear() -> None:
    with pytest.raises(SettingsError, match="https://"):
        chosen(**{**ALL, "skyflow_url": "http://x.example.org"})
