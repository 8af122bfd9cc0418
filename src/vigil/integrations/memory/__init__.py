"""Adapters of ``ports/memory.py``: what Vigil knows from before."""
