"""Durable locks."""
