"""The command line. Each command is a thin shell around the library; see `neurocorex --help`."""

from .application import main

__all__ = ["main"]
