"""Learning: traces of spikes, and the weight changes that follow from them."""
