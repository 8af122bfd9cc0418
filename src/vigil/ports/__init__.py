"""What Vigil needs of the world, one narrow Protocol a file.

Each port numbers its promises; ``tests/contracts`` has one test for each number and runs it over
every adapter. Temporary failures are raised as ``TemporaryError``; everything else an adapter can
foresee is a value.
"""
