"""Look for texts on which the guard fails, guided by which of its lines they reach.

Run by hand, as it never ends by itself and needs atheris, which nothing else of Vigil does:

    pip install atheris
    python tests/guard/fuzz_by_coverage.py -max_total_time=300 -max_len=4096 -timeout=5

What it finds is written beside it as ``crash-*``; make a case of ``test_fuzz.py`` of each.
"""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

atheris = importlib.import_module("atheris")
with atheris.instrument_imports(include=["vigil.guard"]):
    from tests.guard.test_fuzz import LANGUAGES, check


def answer_one(data: bytes) -> None:
    """The first byte chooses the language."""
    if data:
        code = data[1:].decode(errors="surrogateescape")
        check(code, LANGUAGES[data[0] % len(LANGUAGES)])


if __name__ == "__main__":
    atheris.Setup(sys.argv, answer_one)
    atheris.Fuzz()
