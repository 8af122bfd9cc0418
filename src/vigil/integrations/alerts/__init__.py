"""Sources of alerts."""
