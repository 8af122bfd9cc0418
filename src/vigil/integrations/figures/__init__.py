"""Figures of pages that were well."""
