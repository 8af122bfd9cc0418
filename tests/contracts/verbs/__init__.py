"""For each verb a real target, a call that changes it, and one that its grant does not cover.

One file for each kind of target, as in ``domain/verbs/``. Nothing lists them: a file that is put
here and has ``CASES`` is read.
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from tests.support.verb_cases import Case, Targets

CASES: dict[str, Callable[[Targets], Case]] = {
    verb: case
    for found in iter_modules(__path__)
    for verb, case in import_module(f"{__name__}.{found.name}").CASES.items()
}


def case_of(verb: str, targets: Targets) -> Case:
    """The case of a verb, with its target made."""
    return CASES[verb](targets)
