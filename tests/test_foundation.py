"""The checkout itself: locks, scripts, Makefile and import contracts keep what they promise."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PURE = ("domain", "guard", "ports", "observe", "orient", "decide", "act", "verify", "close")
STORY = (
    *("parts", "recorded", "progress", "telling", "accounts", "moments", "addressed"),
    *("gate_facts", "reconfigured", "recurring", "sent_out", "still_right", "within_limits"),
    *("looking_after", "settled", "acting"),
)


def run(
    *command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def project_files() -> list[Path]:
    """What git has or would take: tracked files and new ones that are not ignored."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    if listed.returncode:
        pytest.skip("not a git checkout, so what belongs to the project cannot be told")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def pinned(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+) \\$", lock.read_text(), re.MULTILINE))


# --- locks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_and_hashes_every_requirement(lock: Path) -> None:
    logical_lines = lock.read_text().replace("\\\n", " ").splitlines()
    requirements = [line for line in logical_lines if not re.match(r"\s*(#|$)", line)]
    assert requirements
    whole = re.compile(r"[a-z0-9._-]+==\S+(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [line for line in requirements if not whole.fullmatch(line)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_answers_what_was_asked_for(lock: Path) -> None:
    asked = re.findall(r"^([A-Za-z][\w-]*)", lock.with_suffix(".in").read_text(), re.MULTILINE)
    assert {name.lower().replace("_", "-") for name in asked} <= pinned(lock).keys()


def test_the_locks_agree_with_each_other() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in pinned(lock).items():
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_no_project_file_names_a_place_of_this_machine() -> None:
    configured = run(sys.executable, "-m", "pip", "config", "list").stdout
    places = set(re.findall(r"(?:https?|file)://[^\s']+", configured))
    places |= set(re.findall(r"'(/[^\s':]+/[^\s':]+)'", configured)) - {
        # Debian's certificate bundle is the same on every machine.
        "/etc/ssl/certs/ca-certificates.crt"
    }
    # A checkout directly below / (a container's /app) is too short a name to search for.
    if len(ROOT.parts) > 2:
        places.add(str(ROOT))
    found = [
        (str(path.relative_to(ROOT)), place)
        for path in project_files()
        for place in places
        if place.encode() in path.read_bytes()
    ]
    assert found == []


# --- make and scripts ------------------------------------------------------------------------


def test_make_help_explains_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE))
    assert {"setup", "demo", "test", "check", "format", "lock", "clean", "help"} <= targets
    shown = re.findall(r"^  make (\S+)\s+\S", run("make").stdout, re.MULTILINE)
    assert set(shown) == targets


def test_make_demo_passes_its_options_on() -> None:
    dry_run = ("make", "--no-print-directory", "--dry-run", "demo")
    dry = run(*dry_run, "ONCE=1", "SEED=7").stdout
    assert dry.rstrip().endswith("vigil demo --once --seed 7")
    assert run(*dry_run).stdout.rstrip().endswith("vigil demo")


def test_setup_with_print_changes_nothing(tmp_path: Path) -> None:
    for part in ("scripts", "requirements"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    before = sorted(tmp_path.rglob("*"))
    printed = run(tmp_path / "scripts/setup", "--print")
    assert printed.returncode == 0, printed.stderr
    assert "--require-hashes" in printed.stdout
    assert sorted(tmp_path.rglob("*")) == before


def test_setup_names_what_is_missing_where_it_cannot_install(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "ldconfig"):
        program = shutil.which(name, path=f"{os.environ['PATH']}:/sbin:/usr/sbin")
        assert program is not None
        (programs / name).symlink_to(program)
    (programs / "python3").symlink_to(sys.executable)
    refused = run(tmp_path / "scripts/setup", env={"PATH": str(programs), "YES": "1"})
    assert refused.returncode == 2
    assert re.search(r"bubblewrap +the sandbox", refused.stdout)
    assert "package manager" in refused.stderr
    assert not (tmp_path / ".venv").exists()


def test_setup_refuses_an_option_it_does_not_know() -> None:
    assert run(ROOT / "scripts/setup", "--prnt").returncode == 2


# --- the project as a package ----------------------------------------------------------------


def test_the_changelog_starts_with_this_version() -> None:
    heading = re.search(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heading is not None
    assert PYPROJECT["project"]["version"] in heading[1]


def test_the_wheel_carries_every_file_of_the_package(tmp_path: Path) -> None:
    """Pages, scenarios and migrations are data: forgetting one shows only once it is installed."""
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", source / "src", ignore=ignored)
    shutil.copytree(ROOT / "requirements", source / "requirements")
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, source)
    built = run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", tmp_path, "."),
        cwd=source,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    written = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src/vigil").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert written - packed == set()


# --- imports flow one way --------------------------------------------------------------------


def test_the_pure_core_is_watched_whole() -> None:
    contracts = {found["id"]: found for found in PYPROJECT["tool"]["importlinter"]["contracts"]}
    layers = contracts["one-way"]["layers"]
    last_of_the_world = next(n for n, layer in enumerate(layers) if "(watcher)" in layer)
    core = layers[last_of_the_world + 1 :]
    modules = {name for layer in core for name in re.findall(r"\w+", layer)}
    assert contracts["pure-core"]["source_modules"]
    assert set(contracts["pure-core"]["source_modules"]) == {f"vigil.{name}" for name in modules}


def lint_with(tmp_path: Path, importer: str, statement: str) -> str:
    """Lints a house of empty rooms in which one module has one import, by the real contracts."""
    package = tmp_path / "vigil"
    rooms = [*PURE, "runner", "lab", "web", "cli", "integrations"]
    rooms += ["integrations/memory", "integrations/reasoner", "integrations/_clients"]
    for room in rooms:
        (package / room).mkdir(parents=True)
        (package / room / "__init__.py").touch()
        (package / room / "part.py").touch()
    (package / "__init__.py").touch()
    (package / "story").mkdir()
    for module in ("story/__init__", *(f"story/{part}" for part in STORY)):
        (package / f"{module}.py").touch()
    for module in ("lifecycle", "watcher", "aftercare", "engine", "settings", "bootstrap"):
        (package / f"{module}.py").touch()
    (package / f"{importer}.py").write_text(f"{statement}\n")
    linter = Path(sys.executable).with_name("lint-imports")
    config = ROOT / "pyproject.toml"
    environment = {"PYTHONPATH": str(tmp_path)}
    done = run(
        *(linter, "--no-logo", "--no-cache", "--config", config), cwd=tmp_path, env=environment
    )
    return done.stdout


@pytest.mark.parametrize(
    ("importer", "statement", "contract"),
    [
        ("story/telling", "import vigil.lifecycle", "Imports flow one way"),
        ("story/recorded", "import vigil.story.acting", "The story's own parts flow one way"),
        ("story/cellar", "", "The story's own parts flow one way"),
        ("domain/part", "import vigil.ports.part", "Imports flow one way"),
        ("observe/part", "import vigil.decide.part", "Imports flow one way"),
        ("settings", "import vigil.bootstrap", "Imports flow one way"),
        ("engine", "import vigil.runner.part", "Imports flow one way"),
        ("cellar", "", "Imports flow one way"),
        ("runner/part", "import vigil.ports.part", "The runner and the lab know no part"),
        ("lab/part", "import vigil.guard.part", "The lab knows the domain only"),
        ("cli/part", "import vigil.integrations.memory.part", "Only bootstrap names integrations"),
        ("settings", "import vigil.integrations.memory.part", "Only bootstrap names integrations"),
        (
            "integrations/memory/part",
            "import vigil.integrations.reasoner.part",
            "Integrations of different ports are strangers",
        ),
        ("act/part", "from pathlib import Path", "Domain, guard, ports, phases and lifecycle"),
        ("guard/__init__", "import os.path", "Domain, guard, ports, phases and lifecycle"),
        ("orient/part", "import httpx2", "Domain, guard, ports, phases and lifecycle"),
    ],
)
def test_a_contract_breaks_when_it_should(
    tmp_path: Path, importer: str, statement: str, contract: str
) -> None:
    report = lint_with(tmp_path, importer, statement)
    assert re.search(rf"^{re.escape(contract)}[^\n]*(\n[^\n]+)?BROKEN", report, re.MULTILINE), (
        report
    )
    assert "1 broken" in report


@pytest.mark.parametrize(
    ("importer", "statement"),
    [
        ("bootstrap", "import vigil.integrations.memory.part"),
        ("cli/part", "import vigil.bootstrap, vigil.runner.part, vigil.lab.part"),
        ("integrations/memory/part", "import vigil.integrations._clients.part"),
        ("runner/part", "import vigil.guard.part, vigil.domain.part, os"),
        ("lifecycle", "import vigil.close.part, vigil.ports.part"),
        ("story/telling", "import vigil.close.part, vigil.story.recorded"),
    ],
)
def test_the_contracts_allow_what_the_design_allows(
    tmp_path: Path, importer: str, statement: str
) -> None:
    report = lint_with(tmp_path, importer, statement)
    assert "0 broken" in report, report
