"""Values and the rules between them.

Everything here computes and nothing here acts: no network, no disk, no processes, no clock, no
randomness. Times and identifiers are handed in. Values are frozen and move forward by returning a
new one.
"""
