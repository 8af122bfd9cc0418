"""Backups, and files that call themselves backups."""
