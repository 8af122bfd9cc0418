"""What can be looked at: one file for each kind of probe. `domain/probe.py` joins them."""
