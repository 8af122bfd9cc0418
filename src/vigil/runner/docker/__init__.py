"""Sandboxes that the Docker engine makes: for machines where bubblewrap cannot.

Whoever may open the engine's socket is root on its machine, and so is the runner then: bubblewrap
needs no such thing, and stays the default.
"""
