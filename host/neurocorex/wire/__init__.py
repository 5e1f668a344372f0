"""Bytes that arrive exactly once: transports, frames, a sliding window, retransmission, and a server."""
