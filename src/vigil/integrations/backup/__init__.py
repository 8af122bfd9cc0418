"""An installation as one file, and back.

What is in it together is everything that Vigil knows and every key that it has: whoever reads the
file can read every payload and sign any history.
"""
