"""Wire to a chip: transports of bytes, frames that arrive exactly once, and regions as bytes."""
