"""Vigil: an autonomous, self-proving reliability engine."""
