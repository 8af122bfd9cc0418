"""Every mistake in vigil.yaml at once, each with file, line and remedy (about 1 s).

Each file in ``mistakes`` holds its own expectations: ``#!`` at the end of a line, then the words of
the mistakes that are reported for that line (several: `` | ``; a number in front: another line).
"""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from vigil.bootstrap.swarming import check_wishes
from vigil.domain.catalogue import Autonomy, Catalogue, Environment, Service, Symptom, Work
from vigil.domain.errors import SettingsError
from vigil.settings import Settings, load_catalogue

MISTAKES = sorted((Path(__file__).parent / "mistakes").glob("*.yaml"))
ACTION = re.compile(r"add|correct|remove|keep|write|make|put|split|give|save|has to be")


def mistakes(path: Path) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        load_catalogue(path)
    return raised.value.mistakes


def expected(path: Path) -> list[tuple[int, str]]:
    found = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        _, marked, words = line.partition("#! ")
        for each in words.split(" | ") if marked else ():
            elsewhere = re.fullmatch(r"(\d+) (.+)", each)
            found.append((int(elsewhere[1]), elsewhere[2]) if elsewhere else (number, each))
    return found


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "vigil.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_each_mistake_is_reported_with_file_line_and_remedy(path: Path) -> None:
    reported = list(mistakes(path))
    wanted = expected(path)
    assert wanted, "this file names no mistake"
    assert len(reported) == len(wanted), reported
    for line, words in wanted:
        hits = [r for r in reported if r.startswith(f"{path}:{line}: ") and words in r]
        assert hits, f"line {line} '{words}' is not in {reported}"
        assert all(ACTION.search(hit) for hit in hits), f"no remedy in {hits}"


def test_ten_mistakes_come_together_in_the_order_of_their_lines() -> None:
    (path,) = (p for p in MISTAKES if p.stem == "ten_at_once")
    reported = mistakes(path)
    assert len(reported) == 10
    lines = [int(each.removeprefix(f"{path}:").split(":")[0]) for each in reported]
    assert lines == sorted(lines)


def test_names_that_point_nowhere_are_reported_beside_any_other_mistake(tmp_path: Path) -> None:
    broken = "version: 1\nservices:\n  a: {depends_on: [b], symptoms: {s: {probes: [p]}}}\n"
    alone = mistakes(written(tmp_path, broken))
    assert len(alone) == 2
    together = mistakes(written(tmp_path, broken + "  c: {kind: nothing}\n"))
    assert len(together) == 3
    assert set(alone) < set(together)


def test_a_catalogue_made_in_code_names_all_that_dangles_as_well() -> None:
    shop = Service(
        depends_on=("db",),
        work=Work(backlog="waits", done="done_total"),
        symptoms={"errors": Symptom(probes=("page",), prove_with=("buying",))},
    )
    with pytest.raises(ValidationError) as raised:
        Catalogue(version=1, services={"shop": shop})
    for name in ("depends_on.0: 'db'", "work.backlog: no probe 'waits'", "'page'", "'buying'"):
        assert name in str(raised.value)


def test_what_is_wrong_is_not_repeated_back(tmp_path: Path) -> None:
    """The value of a wrong field may be a password that slipped a line."""
    path = written(tmp_path, "version: 1\nservices:\n  a: {kind: hunter2}\n")
    assert "hunter2" not in str(mistakes(path))


def test_a_mistake_is_told_in_our_words_only() -> None:
    (path,) = (p for p in MISTAKES if p.stem == "names_that_dangle")
    assert any("'ping' has none; correct it" in each for each in mistakes(path))
    assert "Value error" not in str(mistakes(path))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\xff\xfeversion: 1", "not UTF-8 at byte 0; save it as UTF-8"),
        ("a: " + 1_000_000 * "x", "longer than 1000000 bytes; split it"),
        ("a: " + 2_000 * "[", "nested more than 50 deep"),
        ("", "has to map names to values"),
        ("version: 1\nservices: {}\na: 2026-13-45\n", "put such values into quotes"),
        ("a: \x07", "not YAML"),
    ],
    ids=["utf-16", "long", "deep", "empty", "no date", "bell"],
)
def test_files_that_are_no_catalogue(tmp_path: Path, text: str | bytes, words: str) -> None:
    (only,) = mistakes(written(tmp_path, text))
    assert words in only


def test_aliases_cannot_make_a_small_file_large(tmp_path: Path) -> None:
    """Nine lines, each ten times the one before: a thousand million values."""
    lines = [
        "a0: &a0 [x]",
        *(f"a{n}: &a{n} [{', '.join(10 * [f'*a{n - 1}'])}]" for n in range(1, 9)),
    ]
    (only,) = mistakes(written(tmp_path, "\n".join(lines)))
    assert "more than 50000 values" in only


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (only,) = mistakes(tmp_path / "vigil.yaml")
    assert only == (
        f"{tmp_path / 'vigil.yaml'}: No such file or directory; name yours in VIGIL_CONFIG "
        "(examples/vigil.yaml is one to begin with)"
    )
    (only,) = mistakes(tmp_path)
    assert "Is a directory" in only


def test_a_good_catalogue_is_read_with_careful_defaults(tmp_path: Path) -> None:
    text = """
version: 1
services:
  shop:
    depends_on: [db]
    probes: {page: &page {kind: tcp, host: 127.0.0.1, port: 80}}
    symptoms: {slow: {probes: [page], condition: {metric: m, bad: {status: "5.."}, above: 0.2}}}
  db:
    probes: {page: *page}
"""
    catalogue = load_catalogue(written(tmp_path, text))
    assert catalogue.environment is Environment.PRODUCTION, "lab records count in a lab only"
    assert catalogue.services["shop"].autonomy is Autonomy.OBSERVE
    assert catalogue.services["db"].probes == catalogue.services["shop"].probes


def test_a_key_that_yaml_takes_for_true_is_a_word_here(tmp_path: Path) -> None:
    """YAML 1.1 reads `on`, `yes` and `no` as booleans; as a name they stand for themselves."""
    text = (
        "version: 1\nservices:\n  db: {}\n  web:\n    depends_on: [db]\n    telemetry:\n"
        "      sessions: {on: db, dsn: host=/run, role: web}\n    probes:\n"
        "      no: {kind: tcp, host: h, port: 1}\n"
    )
    web = load_catalogue(written(tmp_path, text)).services["web"]
    assert web.telemetry.sessions is not None
    assert web.telemetry.sessions.on == "db"
    assert list(web.probes) == ["no"]


def test_a_larger_swarm_than_is_allowed_here_is_a_mistake(tmp_path: Path) -> None:
    text = (
        "version: 1\nservices:\n  shop:\n    probes:\n"
        '      buy: {kind: journey, steps: [{open: "http://h/"}]}\n'
        "    swarm: {journey: buy, sessions: 300, rate: 10}\n"
    )
    catalogue = load_catalogue(written(tmp_path, text))
    check_wishes(Settings(vigil_swarm_sessions=300, _env_file=None), catalogue)
    with pytest.raises(SettingsError) as raised:
        check_wishes(Settings(vigil_swarm_sessions=299, _env_file=None), catalogue)
    (mistake,) = raised.value.mistakes
    assert "services.shop.swarm: 300 sessions are more than VIGIL_SWARM_SESSIONS" in mistake
