"""Adapters of ``ports/reasoner.py``: they write drafts, and are not trusted."""
