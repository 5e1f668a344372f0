"""Boards: the pins, clock and reset that a chip gets there, and the programs that make its bitstream."""
