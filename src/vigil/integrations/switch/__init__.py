"""The stop switch."""
