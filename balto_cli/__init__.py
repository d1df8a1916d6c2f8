"""Balto hears a pharmacy counter.

It cuts speech into segments, has each transcribed, and judges who transcribed best.
"""

__version__ = "0.1.0"
