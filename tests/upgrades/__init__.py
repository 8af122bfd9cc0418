"""Records of released versions, kept with incidents in flight: the next version must finish them.

``records/VERSION-REVISION/`` was written by that version's own code (``python -m
tests.upgrades.make``) and is never written again. Rows are kept and not a database, so that they
can be put into SQLite and PostgreSQL alike. The keys beside them belong to no installation.
"""
