"""The neuron equations, one neuron a cycle."""
