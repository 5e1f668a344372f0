"""Requests in, answers out: UART, frames, retransmission, commands."""
