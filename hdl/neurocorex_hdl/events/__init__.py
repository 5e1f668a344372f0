"""Spikes in and out, and when things happen."""
