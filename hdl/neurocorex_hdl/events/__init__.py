"""Events: stimulus and results as bytes, arrivals of spikes, and the sequence of a step."""
