"""What is there: processes, addresses, routes, rows and probes, counted."""
