"""Many users at once, each in a browser session of its own, spoken to over CDP itself."""
