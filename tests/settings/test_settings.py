"""Settings from the environment, and the policy: the stricter counts (below 1 s)."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from vigil.cli.main import app
from vigil.domain.catalogue import Environment
from vigil.domain.effects import Risk
from vigil.domain.errors import SettingsError
from vigil.domain.policy import Policy
from vigil.settings import Settings, load_policy, load_settings

NAMES = [name.upper() for name in Settings.model_fields]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment without a word for Vigil, in a folder without ``.env``."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def policy_of(tmp_path: Path, text: str, **environment: int) -> Policy:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    return load_policy(Settings(vigil_policy=path).model_copy(update=environment))


def test_the_defaults_are_the_careful_ones(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert settings.vigil_host == "127.0.0.1"
    assert settings.vigil_port == 3000
    assert settings.alertmanager_webhook_token is None, "without a secret a source is off"
    assert settings.pagerduty_webhook_secret is None
    assert settings.database_url == f"sqlite:///{settings.vigil_state_dir}/vigil.sqlite"
    policy = load_policy(settings)
    assert (policy.auto_confidence, policy.auto_context_match) == (90, 85)
    assert policy == Policy()


def test_the_environment_is_heard_and_wins_over_the_file(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("VIGIL_PORT=3001\nVIGIL_URL=http://127.0.0.1:3001\n")
    environment.setenv("VIGIL_PORT", "3002")
    settings = load_settings()
    assert (settings.vigil_port, settings.vigil_url) == (3002, "http://127.0.0.1:3001")


def test_all_wrong_values_are_reported_at_once_and_none_is_shown(
    environment: pytest.MonkeyPatch,
) -> None:
    wrong = {
        "VIGIL_PORT": "70000",
        "CONFIDENCE_AUTO_EXECUTE_THRESHOLD": "101",
        "CONTEXT_MATCH_THRESHOLD": "hunter2",
    }
    for name, value in wrong.items():
        environment.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert len(raised.value.mistakes) == len(wrong)
    for name in wrong:
        (mistake,) = (m for m in raised.value.mistakes if m.startswith(f"{name}: "))
        assert "correct the environment or .env" in mistake
    assert "hunter2" not in str(raised.value)


def test_secrets_do_not_show(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("VIGIL_TOKEN", "hunter2-hunter2-hunter2")
    environment.setenv("ALERTMANAGER_WEBHOOK_TOKEN", "hunter3")
    environment.setenv("PAGERDUTY_WEBHOOK_SECRET", "hunter4,hunter5")
    for source in ("DATADOG", "GRAFANA", "GENERIC"):
        environment.setenv(f"{source}_WEBHOOK_SECRET", "hunter6")
    settings = load_settings()
    assert "hunter" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.vigil_token is not None
    assert settings.vigil_token.get_secret_value() == "hunter2-hunter2-hunter2"


@pytest.mark.parametrize(
    ("written", "given", "counts"), [(95, 92, 95), (92, 95, 95), (95, None, 95), (None, 95, 95)]
)
def test_of_two_thresholds_the_stricter_counts(
    tmp_path: Path, written: int | None, given: int | None, counts: int
) -> None:
    lines = {"auto_confidence": written, "auto_context_match": written}
    text = "".join(f"{name}: {value}\n" for name, value in lines.items() if value is not None)
    environment = {
        name: given
        for name in ("confidence_auto_execute_threshold", "context_match_threshold")
        if given is not None
    }
    policy = policy_of(tmp_path, text or "freeze: false\n", **environment)
    assert (policy.auto_confidence, policy.auto_context_match) == (counts, counts)


def test_the_environment_cannot_make_the_policy_laxer(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, "freeze: false\n", confidence_auto_execute_threshold=10)
    assert policy.auto_confidence == 90


def test_a_file_cannot_make_the_policy_laxer_than_the_careful_values(tmp_path: Path) -> None:
    low = "freeze: true\nauto_context_match: 84\nauto_confidence: 0\n"
    with pytest.raises(SettingsError) as raised:
        policy_of(tmp_path, low)
    first, second = raised.value.mistakes
    assert ":2: 'auto_context_match' is 84, and nothing acts unasked below 85; raise it" in first
    assert ":3: 'auto_confidence' is 0, and nothing acts unasked below 90" in second
    sound = policy_of(tmp_path, "auto_context_match: 85\nauto_confidence: 90\n")
    assert (sound.auto_confidence, sound.auto_context_match) == (90, 85)


def test_in_a_lab_it_may_be_laxer(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("auto_confidence: 0\n")
    assert load_policy(Settings(vigil_policy=path), Environment.LAB).auto_confidence == 0


def test_a_risk_at_which_nothing_runs_cannot_run_unasked(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        policy_of(tmp_path, "ask_max_risk: LOW\nauto_max_risk: HIGH\n")
    (mistake,) = raised.value.mistakes
    assert ":2: 'auto_max_risk' is HIGH, and above LOW ('ask_max_risk') nothing runs" in mistake
    assert policy_of(tmp_path, "ask_max_risk: LOW\n").ask_max_risk is Risk.LOW


def test_a_policy_is_read_as_strictly_as_the_catalogue(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        policy_of(tmp_path, "auto_max_risk: LOW\nfreze: true\nauto_confidence: 101\n")
    first, second = raised.value.mistakes
    assert f"{tmp_path / 'policy.yaml'}:2: 'freze' is not known here" in first
    assert ":3: 'auto_confidence': Input should be less than or equal to 100" in second
    assert policy_of(tmp_path, "auto_max_risk: LOW\n").auto_max_risk is Risk.LOW


def test_a_missing_token_is_a_mistake_of_the_settings() -> None:
    run = CliRunner().invoke(app, ["incidents"])
    assert run.exit_code == 2
    assert "VIGIL_TOKEN is not set; give the access token" in run.stderr


def test_a_token_that_can_be_guessed_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("VIGIL_TOKEN", "hunter2")
    with pytest.raises(SettingsError, match=r"VIGIL_TOKEN: .*can be guessed") as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "endpoint", ["ws://127.0.0.1:9222/", "wss://browsers.test/?token=hunter2", "http://b.test:9222"]
)
def test_a_browser_elsewhere_is_an_address_and_no_secret_is_shown(
    environment: pytest.MonkeyPatch, endpoint: str
) -> None:
    environment.setenv("LIGHTPANDA_WS_ENDPOINT", endpoint)
    settings = load_settings()
    assert settings.lightpanda_ws_endpoint is not None
    assert settings.lightpanda_ws_endpoint.get_secret_value() == endpoint
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("browser", ["lightpanda", "chromium", "wss://b.test/?token=hunter2"])
def test_a_browser_is_one_of_vigils_own_or_an_address(
    environment: pytest.MonkeyPatch, browser: str
) -> None:
    assert load_settings().browser == "lightpanda"
    environment.setenv("VIGIL_BROWSER", browser)
    settings = load_settings()
    assert settings.browser == browser
    assert settings.with_browser("chromium").browser == "chromium"
    assert "hunter2" not in repr(settings)


def test_two_browsers_are_one_too_many(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("LIGHTPANDA_WS_ENDPOINT", "ws://127.0.0.1:9222/")
    environment.setenv("VIGIL_BROWSER", "lightpanda")
    assert load_settings().browser == "ws://127.0.0.1:9222/"
    environment.setenv("VIGIL_BROWSER", "chromium")
    with pytest.raises(SettingsError, match="VIGIL_BROWSER names another browser; keep one"):
        load_settings()


@pytest.mark.parametrize("browser", ["hunter2", "Chromium", "ws:///hunter2", "/usr/bin/hunter2"])
def test_a_browser_that_is_none_is_refused(environment: pytest.MonkeyPatch, browser: str) -> None:
    environment.setenv("VIGIL_BROWSER", browser)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    (mistake,) = refused.value.mistakes
    assert mistake.startswith("VIGIL_BROWSER: ")
    assert "lightpanda, chromium, or ws://HOST:PORT" in mistake
    assert "hunter2" not in mistake


@pytest.mark.parametrize(
    "endpoint",
    ["hunter2", "ws:///hunter2", "ftp://b.test/hunter2", "ws://b.test:hunter2", "127.0.0.1:9222"],
)
def test_a_browser_elsewhere_that_is_no_address_is_refused(
    environment: pytest.MonkeyPatch, endpoint: str
) -> None:
    environment.setenv("LIGHTPANDA_WS_ENDPOINT", endpoint)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    (mistake,) = refused.value.mistakes
    assert mistake.startswith("LIGHTPANDA_WS_ENDPOINT: ")
    assert "ws://HOST:PORT" in mistake
    assert "hunter2" not in mistake


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379",
        "redis://:hunter2@cache.test:6380/3",
        "rediss://vigil:hunter2@cache.test/?ssl_ca_certs=/etc/ssl/ours.pem",
        "unix:///run/redis.sock?db=2",
    ],
)
def test_a_redis_is_an_address_and_no_password_is_shown(
    environment: pytest.MonkeyPatch, url: str
) -> None:
    environment.setenv("REDIS_URL", url)
    settings = load_settings()
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == url
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        *("hunter2", "redis://", "http://:hunter2@cache.test", "unix://", "redis://c.test:hunter2"),
        *("redis://c.test/hunter2", "redis://c.test/0?db=hunter2", "redis://c.test:0"),
        *("redis://c.test?socket_timeout=99", "redis://c.test?hunter2", "redis://:hunter2/@c.test"),
    ],
)
def test_a_redis_that_is_no_address_is_refused(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("REDIS_URL", url)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    (mistake,) = refused.value.mistakes
    assert mistake.startswith("REDIS_URL: ")
    assert "redis://:password@host:6379/0" in mistake
    assert "hunter2" not in mistake


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////srv/vigil.sqlite",
        "postgresql://vigil:hunter2@db.test:5432/vigil?sslmode=verify-full",
        "postgresql+psycopg://vigil:hunter2@db.test/vigil",
    ],
)
def test_a_database_elsewhere_is_an_address_and_no_password_is_shown(
    environment: pytest.MonkeyPatch, url: str
) -> None:
    environment.setenv("VIGIL_DATABASE_URL", url)
    settings = load_settings()
    assert settings.database_url == url
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize("url", ["hunter2", "mysql://u:hunter2@db.test/v", "sqlite://hunter2"])
def test_a_database_of_another_kind_is_refused(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("VIGIL_DATABASE_URL", url)
    with pytest.raises(SettingsError, match=r"VIGIL_DATABASE_URL: .*postgresql://") as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "hunter2",
        "ftp://a.test/hunter2",
        "http:///hunter2",
        "http://a.test:hunter2",
        "http://a.test/?x=hunter2",
    ],
)
def test_an_alertmanager_that_is_no_address_is_refused_and_not_shown(
    environment: pytest.MonkeyPatch, url: str
) -> None:
    environment.setenv("ALERTMANAGER_URL", url)
    with pytest.raises(SettingsError, match=r"ALERTMANAGER_URL: .*write http") as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)
    environment.setenv("ALERTMANAGER_URL", "https://vigil:hunter2@alerts.test/prefix")
    assert "hunter2" not in repr(load_settings())
