"""Live events: datagrams become spikes on the right inputs, as of a recording, and everything that came is counted."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex import encode
from neurocorex.cli.scope import scope
from neurocorex.encode.pixels import POLARITIES
from neurocorex.errors import DisconnectedError, InputError
from neurocorex.scope.aer import AerSource
from neurocorex.scope.datagrams import MISSING_LIMIT, Found, Sequence
from neurocorex.scope.layouts import LAYOUTS
from neurocorex.scope.page import status_html
from neurocorex.scope.runner import Runner
from neurocorex.scope.settings import Settings
from neurocorex.scope.stimulus import LiveStimulus

TIMEOUT_S = 30.0
ANY = "udp://127.0.0.1:0"


def until(fact: Callable[[], object]) -> None:
    end = time.monotonic() + TIMEOUT_S
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.002)


def datagram(events: list[tuple[int, int]], number: int | None = None) -> bytes:
    """Datagram of events (address, microseconds), written from the description of the format."""
    head = b"" if number is None else struct.pack(">I", number)
    return head + b"".join(struct.pack(">II", address, time_us) for address, time_us in events)


def pixel(x: int, y: int, on: int) -> int:
    """Address of a pixel of a DVS128: columns from the right, rows from below, and a bit that is 0 for on."""
    return y * 256 + (127 - x) * 2 + (1 - on)


class Sender:
    """Sender with a port of its own."""

    def __init__(self, source: AerSource) -> None:
        self._source = source
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._to = ("127.0.0.1", int(source.url.rpartition(":")[2]))

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *datagrams: bytes) -> None:
        """Send them, and wait until the source has each of them."""
        for data in datagrams:
            there = self._source.counts.datagrams
            self._socket.sendto(data, self._to)
            until(lambda there=there: self._source.counts.datagrams == there + 1)


@contextmanager
def receiving(**options: object) -> Iterator[tuple[AerSource, Sender]]:
    with AerSource(ANY, **options) as source, Sender(source) as sender:  # type: ignore[arg-type]
        yield source, sender
        whole(source)
    assert not source.running


def whole(source: AerSource) -> None:
    """Every event that came is counted as one thing."""
    counts = asdict(source.counts)
    became = ("spikes", "merged", "outside", "other_polarity", "special", "unused", "dropped", "waiting")
    assert counts["received"] == sum(counts[name] for name in became)


# Spikes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"downsample": 4}, {"polarity": "merge", "downsample": 2}, {"polarity": "on", "crop": (10, 20, 73, 84)},
        {"polarity": "off", "crop": (64, 0, 128, 64), "downsample": 3},
    ],
    ids=str,
)  # fmt: skip
def test_spikes_are_those_of_a_recording(options: dict[str, object]) -> None:
    rng = np.random.default_rng(3)
    x, y, on = rng.integers(0, 128, 900), rng.integers(0, 128, 900), rng.integers(0, 2, 900)
    x[::3], y[::3] = x[0], y[0]
    t = np.sort(rng.integers(0, 25_000, 900)) + 1_000_000
    events = [(pixel(*place), int(when)) for *place, when in zip(x.tolist(), y.tolist(), on.tolist(), t, strict=True)]
    with receiving(layout="dvs128", **options) as (source, sender):
        sender.send(*(datagram(events[at : at + 150], at // 150 + 1) for at in range(0, 900, 150)))
        spikes, counts = source.block(50, 0.5), source.counts
    recorded = encode.from_events((x, y, t, on), sensor_size=(128, 128), step_ms=0.5, steps=50, **options)  # type: ignore[arg-type]
    assert source.shape == recorded.report.shape
    assert np.argwhere(spikes).tolist() == np.stack([recorded.event_step, recorded.event_index], axis=1).tolist()
    same = ("spikes", "merged", "outside", "other_polarity")
    assert [getattr(counts, name) for name in same] == [getattr(recorded.report, name) for name in same]
    assert (counts.received, counts.lost, counts.datagrams) == (900, 0, 6)


def test_events_of_a_runner_are_what_the_chip_counts() -> None:
    net = ncx.Network(inputs=8, neurons=8)
    net.connect(net.inputs, net.neurons, np.eye(8, dtype=int))
    net.neurons.set(threshold=0)
    sent = np.arange(1, 9)  # of each input
    with ncx.open("emulator") as device, receiving(inputs=8) as (source, sender):
        device.load(net)
        device.clear(state=True, counters=True)
        stimulus = LiveStimulus(8, device.dt_ms, source=source)
        assert stimulus.pattern == "events"
        with Runner(device, stimulus, Settings(speed=None)) as runner:
            for number, address in enumerate(np.repeat(np.arange(8), sent).tolist()):
                sender.send(datagram([(address, 7 * number)], number))
                until(lambda number=number: source.counts.spikes == number + 1)  # no two of an input in one block
            until(lambda: runner.history.totals().spikes == sent.sum())
            told = status_html(runner.status(), "emulator")
        totals, counted = runner.history.totals(), device.counters()
    assert totals.counts.tolist() == sent.tolist()
    assert totals.input_spikes == source.counts.spikes == counted["input_events"] == sent.sum()
    assert "36 events received, 36 spikes; 36 datagrams, 0 lost" in told
    assert (source.counts.merged, source.counts.dropped) == (0, 0)


def test_events_beyond_the_block_shrink_in_proportion_and_the_clock_may_begin_anew() -> None:
    with receiving(inputs=4) as (source, sender):
        sender.send(datagram([(0, 2**32 - 40_000), (1, 2**32 - 20_000), (2, 0), (3, 39_999)], 1))
        assert np.argwhere(source.block(8)).tolist() == [[0, 0], [2, 1], [4, 2], [7, 3]]


def test_order_of_datagrams_does_not_matter_within_a_block() -> None:
    with receiving(inputs=4) as (source, sender):
        sender.send(datagram([(0, 5000)], 1), datagram([(1, 2000)], 2))
        assert np.argwhere(source.block(10)).tolist() == [[0, 1], [3, 0]]


def test_source_drives_the_first_inputs_and_is_unused_under_another_pattern() -> None:
    with receiving(inputs=2) as (source, sender):
        stimulus = LiveStimulus(5, source=source)
        sender.send(datagram([(1, 0), (2, 0)], 1))
        assert np.argwhere(stimulus.block(3)).tolist() == [[0, 1]]
        stimulus.pattern, stimulus.rate_hz = "uniform", 0.0
        sender.send(datagram([(0, 0)], 2))
        assert not stimulus.block(3).any()
        assert (source.counts.outside, source.counts.unused) == (1, 1)
        with pytest.raises(InputError, match="needs 2 inputs, the network has 1"):
            LiveStimulus(1, source=source)


# Counts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numbered", [True, False], ids=["numbered", "unnumbered"])
def test_damaged_datagrams_are_counted(numbered: bool) -> None:
    good, other = datagram([(1, 0)], 1), datagram([(1, 0)])
    good, other = (good, other) if numbered else (other, good)
    short = b"" if numbered else b"\0"
    negative = datagram([(1, 0)], 2**31) if numbered else other
    with receiving(inputs=4, numbered=numbered) as (source, sender):
        sender.send(short, good, other, good[:-1], good + b"\0", negative, bytes(1001))
        assert (source.counts.datagrams, source.counts.damaged, source.counts.received) == (7, 6, 1)
        assert source.block(1).sum() == 1
        assert ("lost ones not known" in str(source)) is not numbered
        assert "6 damaged" in str(source)


def test_no_datagram_ends_the_thread() -> None:
    rng = np.random.default_rng(8)
    with receiving(layout="dvs128", crop=(0, 0, 40, 40)) as (source, sender):
        sender.send(*(rng.bytes(int(length)) for length in (0, 60_000, *rng.integers(0, 300, 200))))
        source.block(7)
        whole(source)
        assert source.running
        assert min(source.counts.received, source.counts.damaged, source.counts.special, source.counts.outside) > 0


def test_gaps_in_the_numbers_are_counted() -> None:
    with receiving(inputs=4) as (source, sender):
        sender.send(*(datagram([(0, 0)], number) for number in (1, 2, 5, 4, 3, 5, 6, 10)))
        counts = source.counts
        assert (counts.lost, counts.late, counts.repeated, counts.restarts) == (3, 2, 1, 0)  # 7 to 9 never came
        assert (counts.datagrams, counts.received) == (8, 7)
        sender.send(datagram([(0, 0)], 1))
        assert (source.counts.lost, source.counts.restarts) == (3, 1)
        assert "9 datagrams, 3 lost, 1 repeated, 2 late, 1 restarts of a sender" in str(source)


def test_senders_have_numbers_of_their_own() -> None:
    with receiving(inputs=4) as (source, sender), Sender(source) as other:
        for number in (1, 2, 3):
            sender.send(datagram([(0, 0)], number))
            other.send(datagram([(0, 0)], number + 100))
        assert (source.counts.lost, source.counts.restarts, source.counts.received) == (0, 0, 6)


def test_datagram_without_events_has_a_number() -> None:
    with receiving(inputs=4) as (source, sender):
        sender.send(datagram([], 1), datagram([(0, 0)], 2))
        assert (source.counts.damaged, source.counts.lost, source.counts.received) == (0, 0, 1)


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ([7, 8, 9], [Found("next")] * 3),
        ([1, 4], [Found("next"), Found("next", 2)]),
        ([1, 3, 2, 4], [Found("next"), Found("next", 1), Found("late", -1), Found("next")]),
        ([5, 5, 6], [Found("next"), Found("repeated"), Found("next")]),
        ([900, 1, 2], [Found("next"), Found("restarts"), Found("next")]),
        ([2**31 - 1, 0, 2], [Found("next"), Found("next"), Found("next", 1)]),
        ([0, 1 + MISSING_LIMIT + 1, 1], [Found("next"), Found("next", MISSING_LIMIT + 1), Found("restarts")]),
        ([0, 1 + MISSING_LIMIT + 1, 2], [Found("next"), Found("next", MISSING_LIMIT + 1), Found("late", -1)]),
    ],
    ids=["order", "gap", "late", "repeated", "restart", "wrap", "forgotten", "remembered"],
)
def test_numbers_tell_what_is_missing(numbers: list[int], found: list[Found]) -> None:
    sequence = Sequence()
    assert [sequence.take(number) for number in numbers] == found


def test_full_buffer_drops_the_oldest() -> None:
    with receiving(inputs=16, capacity=5) as (source, sender):
        sender.send(*(datagram([(3 * at + one, 3 * at + one) for one in range(3)], at + 1) for at in range(3)))
        assert (source.counts.received, source.counts.dropped, source.counts.waiting) == (9, 4, 5)
        assert np.flatnonzero(source.block(1)[0]).tolist() == [4, 5, 6, 7, 8]
        assert source.counts.waiting == 0
        assert "4 dropped, buffer full" in str(source)


def test_special_events_are_no_pixels() -> None:
    with receiving(layout="dvs128", downsample=4) as (source, sender):
        sender.send(datagram([(0x8000, 0), (0x8000_0000, 0), (pixel(127, 127, 1), 0)], 1))
        assert np.flatnonzero(source.block(1)[0]).tolist() == [2 * 32 * 32 - 1]
        assert (source.counts.special, source.counts.spikes) == (2, 1)


# Beginning and end --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("tcp://127.0.0.1:1", {"inputs": 1}, "is no place to receive at; write udp://HOST:PORT"),
        ("udp://127.0.0.1:65536", {"inputs": 1}, "is no place to receive at"),
        ("udp://230.3.1.4:0", {"inputs": 1}, "address of a group"),
        ("udp://a..b:0", {"inputs": 1}, "cannot receive at"),
        ("udp://192.0.2.1:0", {"inputs": 1}, "cannot receive at"),
        (ANY, {"layout": "gen4"}, "no layout 'gen4' of addresses; choose from 'plain', 'dvs128'"),
        (ANY, {}, "inputs, the addresses of the layout 'plain', must be an integer above 0, got None"),
        (ANY, {"inputs": 4, "polarity": "on"}, "have no polarity, got 'on'"),
        (ANY, {"layout": "dvs128", "inputs": 4}, "has 128 columns and 128 rows"),
        (ANY, {"layout": "dvs128", "crop": (0, 0, 129, 1)}, "crop is"),
        (ANY, {"inputs": 4, "capacity": 0}, "capacity must be an integer above 0"),
    ],
)
def test_wrong_source_is_refused(url: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        AerSource(url, **options)  # type: ignore[arg-type]


def test_port_in_use_is_told() -> None:
    source = AerSource(ANY, inputs=1)
    with pytest.raises(InputError, match="take another port"):
        AerSource(source.url, inputs=1)
    source.close()
    AerSource(source.url, inputs=1).close()


def test_loopback_is_the_default() -> None:
    source = AerSource("udp://:0", inputs=1)
    source.close()
    assert source.url.startswith("udp://127.0.0.1:")


def test_failing_socket_ends_the_run_with_an_error() -> None:
    with AerSource(ANY, inputs=1) as source, Sender(source) as sender:
        sender.send(datagram([], 1))  # it is at work

        class Failing:
            def recvfrom(self, _size: int) -> None:
                raise OSError(5, "Input/output error")

        real = source._receiver._socket
        source._receiver._socket = Failing()  # type: ignore[assignment]
        sender._socket.sendto(b"", sender._to)
        until(lambda: not source.running)
        source._receiver._socket = real
        with pytest.raises(DisconnectedError, match=r"receiving events on udp://127\.0\.0\.1:.* failed: Input/output"):
            LiveStimulus(1, source=source).block(1)


# Command ------------------------------------------------------------------------------------------


def test_command_receives_and_tells_counts(invoke, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        ended = threading.Event()

        def send() -> None:
            number = 0
            while not ended.wait(0.02):
                number += 1
                sender.sendto(datagram([(number % 64, number)], number), ("127.0.0.1", port))

        thread = threading.Thread(target=send)
        thread.start()
        try:
            words = ("--demo", "--aer", f"udp://127.0.0.1:{port}", "--no-browser", "--seconds", 0.5)
            code, _, err = invoke("scope", "emulator", *words)
        finally:
            ended.set()
            thread.join(TIMEOUT_S)
    assert code == 0
    assert f"events at udp://127.0.0.1:{port}: " in err
    assert " 0 events received" not in err
    assert ", 0 lost" in err
    assert not [each for each in threading.enumerate() if each.name == "aer"]


def test_command_refuses_options_without_a_source(invoke) -> None:
    code, _, err = invoke("scope", "emulator", "--demo", "--aer-layout", "dvs128", "--no-browser", "--seconds", 0.1)
    assert code == 3
    assert "--aer-layout needs --aer URL" in err


def test_command_offers_what_there_is() -> None:
    offered = {option.name: list(option.type.choices) for option in scope.params if hasattr(option.type, "choices")}
    assert (offered["aer_layout"], offered["aer_polarity"]) == (list(LAYOUTS), list(POLARITIES))
