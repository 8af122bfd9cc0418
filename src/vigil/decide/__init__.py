"""Decide: write a plan, compute what it would do, and say allow, ask or deny."""
