"""Library: parts that know no network - arithmetic, delay line, memories, region bus, LEDs."""
