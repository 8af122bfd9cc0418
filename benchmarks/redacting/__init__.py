"""What ``benchmarks/redaction.py`` is made of."""
