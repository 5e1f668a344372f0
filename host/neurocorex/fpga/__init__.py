"""Which chip fits which board, and its bitstream."""
