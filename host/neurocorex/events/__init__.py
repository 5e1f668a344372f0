"""Events: stimulus and results of a chip, as columns of integers and as bytes."""
