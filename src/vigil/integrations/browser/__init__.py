"""Walks through pages: in a Lightpanda of one's own, or in any browser that speaks CDP."""
