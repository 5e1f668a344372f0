"""The chip in software: the integer model of docs/model.md, and the chip end of the protocol around it."""
