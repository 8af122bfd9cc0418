"""A verb is added as the how-to says, in a copy of Vigil, and nothing else is touched."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.programs import redis_server

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to" / "add-a-verb.md"
NAME = "counter.reset"
COPIED = ("pyproject.toml", "docs", "src", "tests")
pytestmark = pytest.mark.takes(25)


def blocks() -> dict[str, str]:
    """What the how-to says is in which file."""
    block = re.compile(
        r"^`((?:src|tests)/\S+\.py)`:\n\n```python\n(.*?)```", re.MULTILINE | re.DOTALL
    )
    return dict(block.findall(HOW_TO.read_text()))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vigil with one verb more, and not a byte else that differs."""
    made = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, made / name, ignore=shutil.ignore_patterns("records", "*.pyc.*")
            )
        else:
            shutil.copy(ROOT / name, made / name)
    for name, text in blocks().items():
        assert not (made / name).exists(), "it is a new file"
        (made / name).write_text(text)
    return made


def run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A program of the copy's, with the copy's own modules."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, *words],
        cwd=copy,
        env={**environment, "PYTHONPATH": f"{copy / 'src'}{os.pathsep}{copy}"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_it_is_two_files_and_a_case() -> None:
    assert [str(Path(name).parent) for name in blocks()] == [
        "src/vigil/domain/verbs",
        "src/vigil/runner/verbs",
        "tests/contracts/verbs",
    ]


def test_every_promise_is_tried_on_it(copy: Path) -> None:
    tried = run(copy, "-m", "pytest", "-q", "-n0", "tests/contracts/test_verbs.py", "-k", NAME)
    passed = re.search(r"^(\d+) passed", tried.stdout, re.MULTILINE)
    assert tried.returncode == 0, tried.stdout
    assert passed is not None
    assert int(passed[1]) > 8


def test_its_rows_are_written_from_what_it_declares(copy: Path) -> None:
    pages = [copy / "docs" / "reference" / name for name in ("verbs.md", "vigil-yaml.md")]
    assert not any(NAME in page.read_text() for page in pages)
    written = run(copy, "-m", "tests.support.verb_tables")
    assert written.returncode == 0, written.stderr
    calls, grants = (page.read_text() for page in pages)
    assert f"\n| `{NAME} GRANT COUNTER` | disruptive | sets a counter back to 0 | none: " in calls
    allows = "a Redis, `counters` | set one of these `counters` back to 0"
    assert f"\n| `{NAME}` | {allows} |\n" in grants


def test_its_files_are_as_all_others_are_written(copy: Path) -> None:
    for check in (("check",), ("format", "--check")):
        done = run(copy, "-m", "ruff", *check, *blocks())
        assert done.returncode == 0, done.stdout


def test_it_goes_through_catalogue_guard_and_broker(copy: Path, tmp_path: Path) -> None:
    with redis_server() as port:
        gone = run(copy, "-m", "tests.runner.through_added_verb", str(tmp_path), str(port))
    assert gone.returncode == 0, gone.stderr
    beyond = "the grant does not cover 'orders:total' (it covers: failures:ada)"
    assert json.loads(gone.stdout) == {
        "of": str(copy / "src"),
        "a mistake in its grant": "Tuple should have at least 1 item after validation, not 0",
        "a cache over its keys": "services.shop.grants.cache.prefix",
        "effect": "disruptive",
        "resources": ["counter:counter/failures:ada"],
        "with a word more": "unknown",
        "a runbook's parameter": "counter",
        "a policy may name it": True,
        "dry run": "set failures:ada from 17 to 0",
        "done": ["succeeded", "failures:ada was set from 17 to 0", "0"],
        "beyond its grant": ["failed", f"refused: {beyond}", "4711"],
    }
