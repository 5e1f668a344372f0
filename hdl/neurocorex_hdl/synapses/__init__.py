"""The weight matrix, L synapses a cycle."""
