"""Streams of events, changed for a test."""

from neurocorex.events.codec import NO_REGISTER
from neurocorex.events.stream import EventStream
from neurocorex.spec.registers import MOVING


def kept(stream: EventStream) -> EventStream:
    """Return a stream that leaves the registers as it has set them, which only happens behind its last step."""
    last = dict(zip(stream.change_register.tolist(), stream.change_value.tolist(), strict=True))
    for register, value in last.items():
        if register not in (NO_REGISTER, *MOVING):
            stream = stream.setting(stream.steps, register, value)
    return stream
