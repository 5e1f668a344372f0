"""Wire to a chip: transports of bytes, frames that arrive exactly once, regions as bytes, and a TCP server."""
