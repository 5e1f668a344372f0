"""Boards: pins, clock and reset of each board, and the way from a chip to its bitstream."""
