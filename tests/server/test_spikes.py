"""What a watcher sees: the spikes of each run as the emulator has them, and where frames are missing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.errors import DeviceError, DisconnectedError, GarbageError
from neurocorex.events.stream import EventStream
from neurocorex.server.spikes import SpikeWatch, watching
from neurocorex.spec import Op, Region, Response, Status
from neurocorex.wire.greeting import MISSED
from neurocorex.wire.socketport import SocketTransport
from support.devices import IMAGE, SPIKES, emulated
from support.fakes import SMALL, WrappedTransport
from support.serving import serving

OURS = 0xABCD


class Tapped(WrappedTransport):
    """Keeps what the chip sends."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self.sent = b""
        TAPS.append(self)

    def read(self, timeout_s: float) -> bytes:
        data = super().read(timeout_s)
        self.sent += data
        return data


TAPS: list[Tapped] = []


@pytest.fixture(scope="module")
def recording() -> tuple[bytes, list[dict[str, Any]]]:
    """Bytes of a chip during two runs, and what a watcher must see of them."""
    with emulated(Tapped) as device:
        device.load(IMAGE)
        results = [device.run(spikes=SPIKES) for _ in range(2)]
    seen = [
        {"step": int(step), "neurons": np.flatnonzero(result.spikes[step]).tolist()}
        for result in results
        for step in np.flatnonzero(result.spikes.any(axis=1))
    ]
    assert len(seen) > 20
    return TAPS[-1].sent, seen


@pytest.mark.parametrize("size", [1, 13, 1 << 20])
def test_watcher_sees_the_spikes_of_every_run(recording: tuple[bytes, list[dict[str, Any]]], size: int) -> None:
    data, wanted = recording
    watch = SpikeWatch(OURS)
    seen = [each for at in range(0, len(data), size) for each in watch.feed(data[at : at + size])]
    assert "session" in seen[0]
    assert seen[1:] == wanted


def test_reports_among_the_spikes_are_passed_over() -> None:
    config = replace(SMALL, tallies=4, reports=True)
    stream = EventStream.from_dense(SPIKES).reporting(range(0, len(SPIKES), 7), Region.MEMBRANE, SMALL.neurons)
    with emulated(Tapped, config) as device:
        device.load(IMAGE.fit(config))
        spikes = device.run(spikes=stream).spikes
    seen = [each for each in SpikeWatch(OURS).feed(TAPS[-1].sent) if "session" not in each]
    assert seen == [
        {"step": int(step), "neurons": np.flatnonzero(spikes[step]).tolist()}
        for step in np.flatnonzero(spikes.any(axis=1))
    ]
    assert seen


def test_frames_that_are_sent_again_are_seen_once(recording: tuple[bytes, list[dict[str, Any]]]) -> None:
    data, wanted = recording
    frames = [frame + b"\0" for frame in data.split(b"\0") if frame]
    twice = b"".join(frame + before for before, frame in zip([b"", *frames], frames, strict=False))
    assert [each for each in SpikeWatch(OURS).feed(twice) if "step" in each] == wanted


def test_missed_frames_are_counted_and_the_next_run_is_whole(
    recording: tuple[bytes, list[dict[str, Any]]],
) -> None:
    data, wanted = recording
    frames = [frame + b"\0" for frame in data.split(b"\0") if frame]
    decoded = [Response.decode(frame[:-1]) for frame in frames]
    first = next(at for at, frame in enumerate(decoded) if frame.op == Op.RUN)
    told = Response(Op.HELLO, payload=MISSED.pack(1), session=OURS).encode()
    for notice, loss in ((told, {"missed": 1}), (b"", {"missed": 1})):
        seen = list(SpikeWatch(OURS).feed(b"".join([*frames[:first], notice, *frames[first + 1 :]])))
        assert loss in seen
        second = wanted[
            1 + max(at for at in range(1, len(wanted)) if wanted[at]["step"] < wanted[at - 1]["step"]) - 1 :
        ]
        assert seen[-len(second) :] == second


def test_watcher_that_comes_in_the_middle_waits_for_the_next_run(
    recording: tuple[bytes, list[dict[str, Any]]],
) -> None:
    data, wanted = recording
    frames = [frame + b"\0" for frame in data.split(b"\0") if frame]
    decoded = [Response.decode(frame[:-1]) for frame in frames]
    inside = next(at for at, frame in enumerate(decoded) if frame.op == Op.RUN) + 1
    seen = list(SpikeWatch(OURS).feed(b"".join(frames[inside:])))
    assert "session" in seen[0]
    steps = [each for each in seen if "step" in each]
    assert steps
    assert steps == wanted[-len(steps) :]


def test_refusal_of_a_server_is_an_error() -> None:
    refusal = Response(Op.HELLO, status=Status.REFUSED, payload=b"not for you", session=OURS).encode()
    with pytest.raises(DeviceError, match="not for you"):
        list(SpikeWatch(OURS).feed(refusal))


def test_chip_without_a_server_cannot_be_watched() -> None:
    with pytest.raises(GarbageError, match="neurocorex serve --share"):
        list(SpikeWatch(OURS).feed(Response(Op.HELLO, payload=b"\0\0", session=OURS).encode()))


def test_watching_goes_on_until_the_server_ends() -> None:
    with serving(share=True) as (url, _):
        watcher = SocketTransport(url, watch=True)
        seen = watching(watcher)
        device = Device(WiredChip(SocketTransport(url)))
        assert device.config == SMALL
        assert "session" in next(seen)
        device.load(IMAGE)
        result = device.run(spikes=SPIKES)
        step = int(np.flatnonzero(result.spikes.any(axis=1))[0])
        while "step" not in (first := next(seen)):
            pass
        assert first == {"step": step, "neurons": np.flatnonzero(result.spikes[step]).tolist()}
        device.close()
    with pytest.raises(DisconnectedError):
        list(seen)
    watcher.close()
