"""The only way out of a sandbox with raw grants: a CONNECT proxy that lives as long as one run."""
