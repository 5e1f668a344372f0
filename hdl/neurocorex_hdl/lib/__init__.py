"""Parts that know no network: arithmetic, delay lines, memories, bus, LEDs."""
