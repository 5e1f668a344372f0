"""Traces of spikes, and the weight changes that they cause."""
