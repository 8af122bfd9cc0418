"""The worker knows every verb and has no means to do one (about 3 s)."""

import subprocess
import sys
from importlib.util import find_spec

from vigil.domain.verbs import VERBS

WORKER = "vigil.cli.worker, vigil.engine, vigil.lifecycle, vigil.bootstrap"
LOADED = f"""
import sys, {WORKER}
from vigil.domain.verbs import VERBS
print(len(VERBS))
print(*(name for name in sys.modules if name.startswith("vigil.runner")))
"""


def test_what_a_worker_loads_declares_verbs_and_does_none() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    verbs, of_the_runner = done.stdout.split("\n")[:2]
    assert int(verbs) > 10
    assert of_the_runner == ""


def test_the_rule_can_fail() -> None:
    code = LOADED.replace(WORKER, "vigil.runner.verbs")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert "vigil.runner.verbs" in done.stdout.split()


def test_each_verb_is_done_in_the_module_of_its_name() -> None:
    """Found, not loaded: some need a driver that is not everywhere."""
    modules = (f"vigil.runner.verbs.{name.replace('.', '_')}" for name in VERBS)
    assert [module for module in modules if find_spec(module) is None] == []
