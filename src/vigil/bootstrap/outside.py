"""Who outside is told, where settings name somebody."""

from urllib.parse import urlsplit

from vigil.domain.errors import SettingsError
from vigil.ports.post import Post
from vigil.ports.trackers import Trackers
from vigil.posting import Channel, Posting
from vigil.settings import Settings
from vigil.story.parts import Parts

_HERE = frozenset({"127.0.0.1", "localhost"})


def choose_posting(settings: Settings, parts: Parts, post: Post) -> Posting | None:
    """Nobody is told anything where nobody is named."""
    trackers = choose_trackers(settings)
    channels = [Channel(name, tracker) for name, tracker in trackers.items()]
    return Posting(parts, post, channels, settings.vigil_url) if channels else None


def choose_trackers(settings: Settings) -> dict[str, Trackers]:
    """The trackers that there is a key for, by name."""
    key, sender = settings.pagerduty_api_key, settings.pagerduty_from
    if key is None:
        return {}
    if sender is None or "@" not in sender or not sender.isascii() or not sender.isprintable():
        mistake = (
            "PAGERDUTY_API_KEY needs PAGERDUTY_FROM, the e-mail address of the user there in whose "
            "name Vigil writes"
        )
        raise SettingsError([mistake])
    if not _is_safe(settings.pagerduty_api_url):
        raise SettingsError(["PAGERDUTY_API_URL has to begin with https://, as a key goes there"])
    from vigil.integrations.trackers.pagerduty import PagerDutyTrackers

    url = settings.pagerduty_api_url
    return {"pagerduty": PagerDutyTrackers(url, key.get_secret_value(), sender)}


def _is_safe(url: str) -> bool:
    """Encrypted, or not leaving this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
    )
