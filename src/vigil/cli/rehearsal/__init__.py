"""A rehearsal: a real shop, a real Vigil beside it, faults and controls, and the judge's word.

The demo shows one to a person; benchmarks run many. Vigil is spoken to over its public API only,
and is told nothing about the shop but what stands in the catalogue that the shop's owner wrote.
"""
