"""What a chip is sent and what it answers: stimulus and results as bytes, events and records."""
