"""Boards and their FPGAs: which chip fits, how fast it would run, and how its bitstream is built and loaded."""
