"""Synapses: the weight matrix, of which L synapses are read in a cycle, and their sums."""
