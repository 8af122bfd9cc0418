"""The HTTP interface: translates between requests and the engine, and lets nobody in unasked."""
