"""Entry point of `python -m neurocorex`: the command line."""

from .cli import main

main()
