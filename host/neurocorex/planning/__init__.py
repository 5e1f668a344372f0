"""Whether a chip fits on a board, what it would take and how fast it would be, without building it."""
