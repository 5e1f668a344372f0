"""The simulated chip, and benches that run inside or around a simulator."""
