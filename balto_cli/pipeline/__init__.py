"""Samples in, segments out: the one module that decides what Balto hears, offline and live."""
