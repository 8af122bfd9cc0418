"""What takes secrets and personal data out of text."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from vigil.domain.errors import NotRedacted, SettingsError
from vigil.domain.run import Health
from vigil.integrations.redaction.embedded import EmbeddedRedaction
from vigil.ports.redaction import Redaction
from vigil.settings import Settings

if TYPE_CHECKING:
    from vigil.integrations.redaction.skyflow import SkyflowRedaction
    from vigil.integrations.redaction.skyflow_access import Access

__all__ = ["EmbeddedRedaction", "choose_redaction", "health_of_redaction", "open_redaction"]


def open_redaction(*, ips: bool = True) -> EmbeddedRedaction:
    """The redactor of this process; ``ips`` says whether addresses of machines go too."""
    return EmbeddedRedaction(ips=ips)


def health_of_redaction(redaction: Redaction) -> dict[str, Callable[[], Awaitable[Health]]]:
    """What `/ready` asks of it: the embedded one cannot fail to answer."""
    if isinstance(redaction, EmbeddedRedaction):
        return {}
    from vigil.integrations.redaction.skyflow import SkyflowRedaction

    return {"redaction": redaction.health} if isinstance(redaction, SkyflowRedaction) else {}


def choose_redaction(settings: Settings) -> "EmbeddedRedaction | SkyflowRedaction":
    """The one of this process, with Skyflow behind it where one is given."""
    embedded = open_redaction(ips=settings.vigil_redact_ips)
    url, vault = settings.skyflow_url, settings.skyflow_vault_id
    token, file = settings.skyflow_bearer_token, settings.skyflow_credentials_file
    if url is None and vault is None and token is None and file is None:
        return embedded
    if url is None or vault is None or (token is None) == (file is None):
        text = "SKYFLOW_URL, SKYFLOW_VAULT_ID, and SKYFLOW_BEARER_TOKEN or SKYFLOW_CREDENTIALS_FILE"
        raise SettingsError([f"{text}, belong together"])
    address = url.get_secret_value()
    if not address.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise SettingsError(["SKYFLOW_URL has to begin with https://, as personal data goes there"])
    from vigil.integrations.redaction.skyflow import SkyflowRedaction

    return SkyflowRedaction(
        address, vault, _access(token, file), embedded, ips=settings.vigil_redact_ips
    )


def _access(token: SecretStr | None, file: Path | None) -> "Access":
    from vigil.integrations.redaction.skyflow_access import Bearer, ServiceAccount

    if file is None:
        return Bearer(token.get_secret_value() if token else "")
    account = ServiceAccount(file)
    try:
        account.read()
    except NotRedacted as none:
        raise SettingsError([str(none)]) from none
    return account
