"""Learning engine (STDP): traces of spikes, and the weight changes that follow from them."""
