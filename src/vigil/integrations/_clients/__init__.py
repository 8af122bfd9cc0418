"""Plumbing that adapters of several ports share."""
