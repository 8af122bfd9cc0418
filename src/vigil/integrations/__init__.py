"""How somebody fulfils a port; one package a port, strangers to each other.

An adapter knows its port, the domain and ``_clients``; it takes plain values, never the settings.
"""
