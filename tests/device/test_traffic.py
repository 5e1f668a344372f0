"""Traffic of a run: counted as it is on the line, without a wait where none is needed, and kept with the result."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import FileFormatError
from neurocorex.spec import Op
from neurocorex.wire.traffic import COUNTS, Traffic
from support.devices import emulated
from support.fakes import SMALL, busy_image, random_spikes
from support.tap import Tap

IMAGE, SPIKES = busy_image(), random_spikes(60, SMALL.inputs)
SHORT = random_spikes(5, SMALL.inputs)


@pytest.fixture
def tap() -> Tap:
    return Tap(VirtualTransport(SMALL))


@pytest.fixture
def device(tap: Tap) -> Device:
    device = Device(WiredChip(tap))
    device.load(IMAGE)
    device.run(spikes=SHORT)
    return device


# One exchange, no wait --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "short",
    [
        lambda device: device.run(spikes=SHORT, counters=False),
        lambda device: device.run(spikes=SHORT[None], counters=False),
        lambda device: device.run(5, counters=False),
        lambda device: device.run(spikes=SHORT, counters=False, record="counts"),
    ],
    ids=["spikes", "a sample", "silence", "counts"],
)
def test_short_run_is_one_request_and_one_answer(tap: Tap, device: Device, short: Callable[[Device], Any]) -> None:
    for _ in range(3):
        requests, responses = len(tap.requests), len(tap.responses)
        result = short(device)
        assert [request.op for request in tap.requests[requests:]] == [Op.RUN]
        assert len(tap.responses) - responses == 1
        assert (result.link.round_trips, result.link.waits) == (1, 0)


@pytest.mark.parametrize(
    "options",
    [
        {"counters": True},
        {"record": {"spikes": [0, 1]}},
        {"counters": True, "record": ("spikes", "v")},
    ],
    ids=["counters", "another recording", "both"],
)
def test_whatever_a_run_reads_and_writes_beside_it_waits_for_nothing(device: Device, options: dict[str, Any]) -> None:
    for _ in range(2):
        result = device.run(spikes=SHORT, **options)
        assert (result.link.round_trips, result.link.waits) == (1, 0)


def test_full_window_is_no_wait_if_nothing_is_left_to_send(tap: Tap) -> None:
    device = Device(WiredChip(tap))
    device.load(IMAGE)
    requests = len(tap.requests)
    told = device.run(spikes=SHORT).link
    assert [each.op for each in tap.requests[requests:] if each.op >= Op.READ] == [Op.WRITE, Op.READ, Op.RUN, Op.READ]
    assert device.config.rx_frames == 4
    assert told.waits == 0


@pytest.mark.parametrize("samples", [1, 10, 50])
def test_batch_of_samples_is_one_round_trip(device: Device, samples: int) -> None:
    result = device.run(spikes=random_spikes(samples, 20, SMALL.inputs))
    assert result.link.round_trips == 1


def test_weights_that_are_read_on_the_way_cost_no_round_trip(device: Device) -> None:
    assert device.run(spikes=SPIKES, snapshot_every=10).link.round_trips == 1


def test_weights_that_are_written_on_the_way_wait_for_the_steps_before(device: Device) -> None:
    zeros = np.zeros((SMALL.axons, SMALL.neurons), int)
    result = device.run(spikes=SPIKES, units="chip", writes={20: zeros, 40: zeros})
    assert result.link.round_trips > 2


# What is counted --------------------------------------------------------------------------------


def test_bytes_and_frames_are_those_of_the_line(tap: Tap, device: Device) -> None:
    written, requests, responses = len(tap.written), len(tap.requests), len(tap.responses)
    told = device.run(spikes=SPIKES).link
    assert told.bytes_to_chip == len(tap.written) - written
    assert told.frames_to_chip == len(tap.requests) - requests
    assert told.frames_from_chip == len(tap.responses) - responses
    assert told.bytes_from_chip == sum(len(each.encode()) for each in tap.responses[responses:])
    assert (told.baud, told.damaged, told.repeated) == (None, 0, 0)
    assert told.seconds > 0


@pytest.mark.parametrize(
    ("fault", "counted"), [("corrupt", "damaged"), ("loss", "repeated"), ("duplicate", "repeated")]
)
def test_faults_of_the_line_are_counted(fault: str, counted: str) -> None:
    with ncx.open(f"faulty:emulator?{fault}=0.1&seed=1", config=SMALL) as device:
        device.load(IMAGE)
        told = device.run(spikes=random_spikes(300, SMALL.inputs)).link
        assert getattr(told, counted) > 2
        if fault == "corrupt":
            assert told.damaged <= device.link.faults["corrupt"]


def test_resumed_run_has_the_traffic_of_all_its_parts() -> None:
    with ncx.open("faulty:emulator?disconnect=0.02&seed=3", config=SMALL) as device:
        device.load(IMAGE)
        cuts = 0
        stimulus = random_spikes(400, SMALL.inputs)
        whole = emulated(Tap)
        whole.load(IMAGE)
        least = whole.run(spikes=stimulus).link.bytes_from_chip
        try:
            result = device.run(spikes=stimulus)
        except ncx.errors.DisconnectedError:
            cuts += 1
            while True:
                try:
                    result = device.resume()
                    break
                except ncx.errors.DisconnectedError:
                    cuts += 1
        assert cuts
        assert result.link.bytes_from_chip >= 0.9 * least


def test_emulator_in_this_process_has_none() -> None:
    with ncx.open("emulator", config=SMALL) as device:
        device.load(IMAGE)
        assert device.run(spikes=SHORT).link is None


# Kept -------------------------------------------------------------------------------------------


def test_result_file_keeps_the_traffic(device: Device, tmp_path: Path) -> None:
    result = device.run(spikes=SHORT)
    result.save(tmp_path / "result.npz")
    assert ncx.Result.load(tmp_path / "result.npz").link == result.link


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_result_of_an_earlier_version_has_none(device: Device, tmp_path: Path, version: int) -> None:
    path = tmp_path / "result.npz"
    device.run(spikes=SHORT).save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(arrays["header"].tobytes())
    del header["link"]
    arrays["header"] = np.frombuffer(json.dumps(header | {"version": version}).encode(), np.uint8)
    np.savez(path, **arrays)
    assert ncx.Result.load(path).link is None


@pytest.mark.parametrize("change", [{"baud": 1.5}, {"waits": -1}, {"waits": True}, {"seconds": "1"}, {"more": 1}, None])
def test_damaged_traffic_is_refused(device: Device, tmp_path: Path, change: dict[str, Any] | None) -> None:
    path = tmp_path / "result.npz"
    device.run(spikes=SHORT).save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(arrays["header"].tobytes())
    header["link"] = "fast" if change is None else header["link"] | change
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(path, **arrays)
    with pytest.raises(FileFormatError):
        ncx.Result.load(path)


def test_traffic_adds_up() -> None:
    moments = [Traffic(baud=baud, **dict.fromkeys(COUNTS, baud)) for baud in (1, 2, 5)]
    parts = [later - earlier for earlier, later in pairwise(moments)]
    assert parts[0] + parts[1] == moments[2] - moments[0]
    assert Traffic.from_dict(parts[0].to_dict()) == parts[0]


def test_traffic_is_told_in_words_and_as_a_card(device: Device) -> None:
    result = device.run(spikes=SHORT)
    assert "1 round trips, 0 waits" in str(result.link)
    assert "<td" in result.link._repr_html_()
    assert "round trips" in result._repr_html_()
