"""Nothing that the lab knows can reach the Vigil that it tests (about 5 s).

If it could, a rehearsal would prove nothing.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.support.programs import free_port, short_folder

from vigil.cli.rehearsal.process import ServeProcess
from vigil.lab.catalogue import text
from vigil.lab.config import LabConfig, new_config
from vigil.lab.ports import Ports
from vigil.lab.scenario import load_scenarios
from vigil.settings import load_catalogue

SOURCE = Path(__file__).parents[2] / "src"
MODULES = sorted((SOURCE / "vigil").rglob("*.py"))
TELLING = re.compile(
    r"scenario|judge|inject|sabotage|chaos|rehears|demo|seed|fault|restore|look-?alike|\blab\b",
    re.IGNORECASE,
)


def name_of(module: Path) -> str:
    return ".".join(module.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def knows_the_lab(module: str) -> bool:
    """The lab itself, and the commands that start it."""
    return re.match(r"vigil\.(lab|cli)(\.|$)", module) is not None


def imported(tree: ast.AST, module: str, *, package: bool) -> Iterator[str]:
    """Every module that is named by an import, at whatever depth, relative ones made absolute."""
    parts = module.split(".") if package else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def named(tree: ast.AST) -> Iterator[str]:
    """Every text of the code that could be given to an importer; what is only read is left out."""
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def trespasses(source: str, module: str, *, package: bool = False) -> list[str]:
    tree = ast.parse(source)
    names = [*imported(tree, module, package=package), *named(tree)]
    return [name for name in names if re.search(r"\bvigil\.lab\b", name)]


def test_no_module_but_the_lab_and_the_commands_names_the_lab() -> None:
    found = {
        name_of(path): hits
        for path in MODULES
        if not knows_the_lab(name_of(path))
        and (
            hits := trespasses(path.read_text(), name_of(path), package=path.name == "__init__.py")
        )
    }
    assert found == {}
    assert len(MODULES) > 150, "the whole source was looked at"


@pytest.mark.parametrize(
    "line",
    [
        "import vigil.lab.judge",
        "from vigil.lab import judge",
        "from vigil import lab",
        "from ..lab.judge import Judgement",
        "from .. import lab",
        "def f():\n    from vigil.lab.scenario import load_scenarios",
        "import importlib\nimportlib.import_module('vigil.lab.judge')",
    ],
)
def test_a_trespass_is_seen(line: str) -> None:
    assert trespasses(line, "vigil.orient.recall")


def test_the_programs_of_vigil_load_nothing_of_the_lab() -> None:
    """`vigil serve` and `vigil runner`, with everything that they import while they run."""
    code = (
        "import sys, vigil.cli.serve, vigil.cli.runner, vigil.bootstrap, vigil.cli.runbooks\n"
        "import vigil.web.app, vigil.web.server, vigil.web.access, vigil.runner.main\n"
        "assert 'vigil.lifecycle' in sys.modules and 'vigil.runner.server' in sys.modules\n"
        "print(*(n for n in sys.modules if n.startswith(('vigil.lab', 'vigil.cli.rehearsal'))))"
    )
    # `vigil.cli` itself is the table of all commands, the lab's among them.
    stub = "import sys, types; m = types.ModuleType('vigil.cli'); m.__path__ = ['src/vigil/cli']\n"
    done = subprocess.run(
        [sys.executable, "-c", stub + "sys.modules['vigil.cli'] = m\n" + code],
        capture_output=True,
        text=True,
        cwd=SOURCE.parent,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


# --- what a rehearsal gives to Vigil ---------------------------------------------------------


def config(seed: int) -> LabConfig:
    ports = Ports(proxy=1, web=(2, 3), worker=4, database=5, cache=6)
    return new_config(Path("/tmp/v/shop"), seed=seed, ports=ports, alert_url="http://127.0.0.1:7/")


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_catalogue_of_a_lab_is_one_that_any_user_could_write(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "vigil.yaml"
    path.write_text(text(config(seed)))
    catalogue = load_catalogue(path)  # unknown keys are mistakes, at every depth
    assert len(catalogue.services) == 5
    document = yaml.safe_load(path.read_text())
    assert document.pop("environment") == "lab", "which shipped records count is a user's choice"
    words = yaml.safe_dump(document)
    assert TELLING.findall(words) == []
    for scenario in load_scenarios().values():
        assert scenario.id not in words
        assert scenario.file.title not in words


def test_what_the_catalogue_points_to_is_not_the_labs_own_room() -> None:
    made = config(1)
    assert str(made.files.private) not in text(made)
    assert made.files.lab_json.name not in text(made)


def test_environment_and_arguments_of_a_rehearsed_vigil_tell_nothing() -> None:
    with short_folder() as folder:
        catalogue = folder / "vigil.yaml"
        catalogue.write_text("version: 1\nservices: {}\n")
        serve = ServeProcess(folder / "v", free_port())
        serve.start(catalogue)
        try:
            serve.wait_ready()
            assert serve.pid is not None
            family = {serve.pid: dict(environment_of(serve.pid))}
            family |= {pid: dict(environment_of(pid)) for pid in children_of(serve.pid)}
            arguments = {pid: arguments_of(pid) for pid in family}
        finally:
            serve.stop()
    assert len(family) >= 2, "Vigil and its runner"
    allowed = {
        *("PATH", "HOME", "VIGIL_STATE_DIR", "VIGIL_CONFIG", "VIGIL_PORT", "VIGIL_TOKEN"),
        *("VIGIL_DRAIN_S", "VIGIL_KEEP_DAYS"),
        *("ALERTMANAGER_WEBHOOK_TOKEN", "PAGERDUTY_WEBHOOK_SECRET"),
        "PWD",  # bubblewrap's word for where it stands, while the runner tries its sandbox
    }
    for environment in family.values():
        assert set(environment) <= allowed
    secret = {serve.token, serve.alert_token, serve.pagerduty_secret}
    for pid, words in arguments.items():
        assert [word for word in words if TELLING.search(word)] == []
        places = ("VIGIL_STATE_DIR", "VIGIL_CONFIG", "PWD")
        values = [family[pid].get(name, "") for name in places]
        assert [value for value in values if TELLING.search(value)] == []
        assert not any(token in word for token in secret for word in words), "seen by all users"


def of_process(pid: int, file: str) -> str:
    """What the kernel tells of a process; nothing of one that is gone by now."""
    try:
        return Path(f"/proc/{pid}/{file}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def environment_of(pid: int) -> Iterator[tuple[str, str]]:
    for line in of_process(pid, "environ").split("\0"):
        name, assigned, value = line.partition("=")
        if assigned:
            yield name, value


def arguments_of(pid: int) -> list[str]:
    words = of_process(pid, "cmdline").split("\0")
    # Where this Python stands is the user's business, and no secret of the lab.
    return [word for word in words if not word.startswith(sys.prefix)]


def children_of(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in of_process(pid, f"task/{task.name}/children").split():
            found += [int(child), *children_of(int(child))]
    return found
