"""`python -m neurocorex` is the command line."""

from .cli import main

main()
