"""Vigil on the command line.

Exit codes: 0 good, 1 the answer is no, 2 wrong usage or settings. With ``--json`` exactly one
object goes to standard output; progress and complaints go to standard error.
"""

from vigil.cli.main import app

__all__ = ["app"]
