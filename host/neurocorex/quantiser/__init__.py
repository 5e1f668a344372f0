"""Quantiser: a network in floats becomes the integers of one chip, with a report of what was lost."""
