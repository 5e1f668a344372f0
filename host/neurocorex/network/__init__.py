"""Network as the user describes it: populations, synapses and parameters, in floats and milliseconds."""
