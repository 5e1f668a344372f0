"""Pictures of spikes, membranes and weights; matplotlib is loaded when the first one is drawn."""
