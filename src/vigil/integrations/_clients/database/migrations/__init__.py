"""The line of revisions; each says in DDL what its tables were when it was written."""
