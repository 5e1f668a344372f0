"""Delays of inputs in an image, which the host keeps for a chip: the delay line, and the events on their way in it."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import numpy as np

from ..errors import FitError, InputError
from ..events.delayline import DelayLine, Waiting
from ..events.stream import EventStream
from ..image import Image
from ..network.data import NetworkData
from ..network.parts import LONGEST
from .demand import Durations

#: Key of `Image.meta` for the delay line, if inputs have delays: number of inputs, and input and delay of each axon.
INPUTS = "inputs"
#: Key of `Image.meta` for the events on their way, in a snapshot: base64 of a deflated event stream.
WAITING = "input_events"
#: Longest text of that, which the header of a file has room for, and most bytes of the stream.
TEXT_LIMIT, STREAM_LIMIT = 1 << 19, 1 << 24


def line_of(net: NetworkData) -> DelayLine | None:
    """Return the delay line of a network; None if its inputs have no delays."""
    delays = Durations.of(net).input_delays
    source = np.array(net.input_source, np.int64)
    inputs = int(source.max()) + 1
    return DelayLine(inputs, source, delays) if delays.any() or inputs < source.size else None


def require_axons(net: NetworkData, room: int) -> None:
    """Raise FitError if only the delays of its inputs need more input axons than a chip has `room` for."""
    inputs = len(set(net.input_source))
    if inputs <= room < net.input_count:
        raise FitError(
            f"the {inputs} inputs of the network need {net.input_count} input axons, one for each delay of an input, "
            f"and the chip has {room}; take a larger chip, or give inputs fewer delays"
        )


def line_meta(line: DelayLine) -> dict[str, Any]:
    """Return what `Image.meta` keeps of a delay line."""
    return {INPUTS: {"count": line.inputs, "source": line.source.tolist(), "delay": line.delay.tolist()}}


def image_line(image: Image) -> DelayLine | None:
    """Return the delay line of an image, None for one without; raises InputError for one that cannot be."""
    told = image.meta.get(INPUTS)
    if told is None:
        return None
    try:
        count = told["count"]
        source, delay = (np.array(told[name], np.int64) for name in ("source", "delay"))
        axons = [*told["source"], *told["delay"]]
        whole = type(count) is int and all(type(each) is int for each in axons)
        if not (whole and 0 < count <= source.size == delay.size <= image.config.inputs):
            raise ValueError("sizes")
        if source[:count].tolist() != list(range(count)) or not 0 <= source.min() <= source.max() < count:
            raise ValueError("inputs")
        if not 0 <= delay.min() <= delay.max() <= LONGEST:
            raise ValueError("delays")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"the delays of inputs in the image make no sense ({error}); save the image again") from None
    return DelayLine(count, source, delay)


def waiting_meta(waiting: Waiting) -> dict[str, Any]:
    """Return what `Image.meta` keeps of events on their way; raises InputError for more than a file has room for."""
    if not waiting.step.size:
        return {}
    data = EventStream(int(waiting.step[-1]) + 1, waiting.step, waiting.axon).encode()
    text = base64.b64encode(zlib.compress(data)).decode()
    if len(text) > TEXT_LIMIT or len(data) > STREAM_LIMIT:
        raise InputError(
            f"{waiting.step.size} input events are on their way, more than a snapshot has room for; run until most "
            "have arrived, or clear()"
        )
    return {WAITING: text}


def image_waiting(image: Image) -> Waiting:
    """Return the events on their way in an image; raises InputError for such as cannot be."""
    line, text = image_line(image), image.meta.get(WAITING)
    if line is None or text is None:
        return Waiting.none()
    try:
        unpack = zlib.decompressobj()
        data = unpack.decompress(base64.b64decode(text, validate=True), STREAM_LIMIT)
        stream = EventStream.decode(data)
        step, axon = stream.event_step, stream.event_index
        if not unpack.eof or (axon >= line.source.size).any() or (step >= line.delay[axon]).any():
            raise ValueError("events that no input can have sent")
    except (TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise InputError(f"the input events in the image make no sense ({error}); save the image again") from None
    return Waiting(step, axon)


def inputs_of(image: Image) -> int:
    """Return how many inputs a stimulus for an image can name."""
    line = image_line(image)
    return image.config.inputs if line is None else line.inputs


def delays_told(image: Image) -> list[str]:
    """Say which inputs act later than in the step of their events, and which have several axons."""
    line = image_line(image)
    if line is None or not line.delay.any():
        return []
    steps, late = np.unique(line.delay[line.delay > 0]).tolist(), np.unique(line.source[line.delay > 0])
    span = " to ".join(map(str, dict.fromkeys([steps[0], steps[-1]]))) + f" step{'s' * (steps[-1] > 1)}"
    further = line.source.size - line.inputs
    more = f"; inputs with several delays have {further} further axons" if further else ""
    here = image_waiting(image).step.size
    waiting = f"; {here} events are on their way" if here else ""
    return [f"inputs: events of {late.size} of {line.inputs} arrive later, by {span}{more}{waiting}"]
