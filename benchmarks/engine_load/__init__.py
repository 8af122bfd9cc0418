"""What the engine is loaded with, one kind of load to a module; `benchmarks/engine.py` runs it."""
