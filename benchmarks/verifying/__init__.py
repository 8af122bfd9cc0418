"""What ``benchmarks/verification.py`` is made of."""
