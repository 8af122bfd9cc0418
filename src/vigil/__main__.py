"""``python -m vigil``."""

from vigil.cli import app

app()
