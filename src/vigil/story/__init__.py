"""Story: what `lifecycle.py` tells it with, besides the phases.

The record of an incident, the words about it, and every second thought before something is done.
"""
