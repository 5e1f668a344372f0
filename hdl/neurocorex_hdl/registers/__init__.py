"""Registers: control registers, counters, the extent in use, and the memory of a region."""
