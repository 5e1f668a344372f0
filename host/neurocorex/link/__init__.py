"""Requests and answers over a transport: frames, a sliding window, retransmission, refusals as errors."""
