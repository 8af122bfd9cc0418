"""Adapters of ``ports/sandbox.py``."""
