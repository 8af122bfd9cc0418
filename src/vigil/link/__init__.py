"""One connection between a hub and a runner: keys, TLS that trusts two keys, lines with bounds.

Hub: the Vigil that remote runners connect to. Nothing here knows what is said over the connection;
that is ``domain/remote.py``.
"""
