"""A network as the user describes it: populations and synapses, in floats and milliseconds."""
