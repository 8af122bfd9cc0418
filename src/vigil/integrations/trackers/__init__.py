"""Trackers: where people keep incidents outside of Vigil."""
