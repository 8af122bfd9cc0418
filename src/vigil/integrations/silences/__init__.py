"""Who wants to be left alone."""
