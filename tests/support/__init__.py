"""Small real servers and clocks for tests."""
