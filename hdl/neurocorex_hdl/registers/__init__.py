"""What the host sets and reads: control registers, counters, the part of the chip in use."""
