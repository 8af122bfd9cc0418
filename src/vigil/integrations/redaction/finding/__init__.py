"""Finds secrets and personal data in text, by form, checksum, disorder and name.

Computes, and reaches for nothing but its own lists. Nothing of what it reads is kept.
"""
