"""Durable segments."""
