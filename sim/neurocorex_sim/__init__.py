"""Simulated chip, and cocotb benches for the gates."""
