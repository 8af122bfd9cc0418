"""Looks from the user's side."""
