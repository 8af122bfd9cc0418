"""Python read without running it: the calls that a script can reach, and on what.

The reader walks through a script the way an interpreter would, with values that may be known
(``"rm " + "-rf"``), opaque (what a file says) or anything at all. Every name that is called is
followed to where it came from: through imports, aliases, attributes, ``getattr``, functions and
classes of the script, ``eval`` of text that can be worked out. What a call of a library does is
data (``guard/languages/python.yaml``); a call that leads nowhere known is unresolved, never read.

Order is kept where it is certain. Under a condition, in a loop that cannot be unrolled and inside
``try``, an assignment adds to what a name may be and takes nothing away, so every branch counts.
"""

from vigil.guard.python.library import Library
from vigil.guard.python.reader import PythonReading, read_python

__all__ = ["Library", "PythonReading", "read_python"]
