"""Adapters of ``ports/redaction.py``, and how what must not leave is found."""
