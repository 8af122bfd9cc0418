"""How processes tell each other that something changed."""
