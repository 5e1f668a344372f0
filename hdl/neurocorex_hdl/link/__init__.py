"""Link to the host: UART, frames, retransmission, buffers, commands."""
