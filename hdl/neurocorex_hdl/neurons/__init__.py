"""Neurons: equations, pipeline and memories; one neuron enters in a cycle."""
