"""Sandboxes that bubblewrap makes, in control groups of their own where the runner may make some.

What every sandbox has inside, whoever makes it, is beside this folder (``inner``, ``landlock``).
"""
