"""Sessions of databases."""
