"""Emulator: a chip in software, bit for bit the integers of docs/model.md, and its end of the protocol."""
