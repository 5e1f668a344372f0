"""One fault at every possible read: what comes next has exactly the right bits, or is refused in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.errors import DeviceError, StateLostError
from neurocorex.image import Image
from neurocorex.learning import stdp
from neurocorex.spec import CoreConfig, Learning, Region
from neurocorex.spec.registers import MODEL_COUNTERS, MOVING, STATE
from support.devices import BOTH, emulated
from support.fakes import busy_image, random_spikes
from support.faultlines import Bench

pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")

CONFIG = CoreConfig(neurons=7, inputs=5, lanes=2, frame_bytes=64, max_delay=4, learning=Learning.EXPONENTIAL)
FIRST, SECOND, THIRD = (random_spikes(steps, 5, seed=steps) for steps in (40, 80, 20))
BLOCK = np.arange(10).reshape(2, 5) - 5


def network() -> ncx.Network:
    net = ncx.Network(inputs=5, neurons=7)
    net.connect(net.inputs, net.neurons, np.random.default_rng(0).uniform(0.1, 0.6, (5, 7)), plastic=True)
    net.neurons.set(threshold=1.0, tau_ms=10.0)
    net.learn(stdp(20, 20, 0.02, -0.021, bounds=(0.0, 1.0)))
    return net


def made() -> Image:
    with emulated(config=CONFIG) as device:
        device.load(network())
        return device.snapshot()


IMAGE = made()
CALLS: dict[str, Callable[[Device], Any]] = {
    "load": lambda device: device.load(IMAGE),
    "run": lambda device: device.run(spikes=SECOND, record=BOTH, modulation={40: 0.5}, snapshot_every=30),
    "weights": lambda device: device.weights(units="chip"),
    "snapshot": lambda device: device.snapshot(),
    "set_weights": lambda device: device.set_weights(BLOCK, [1, 3], slice(0, 5), units="chip"),
    "write": lambda device: device.write(Region.BIAS, np.arange(7)),
    "gate": lambda device: device.gate(3),
    "learning": lambda device: device.learning(False),
    "clear": lambda device: device.clear(),
}
CHANGES = {*CALLS} - {"weights", "snapshot"}
#: What goes wrong, and whether the same chip can be reached again after a lost connection.
FAULTS = [
    *((fault, True) for fault in ("silence", "cut", "replug", "unplug", "reset", "interrupt", "fail")),
    *((fault, False) for fault in ("replug", "unplug")),
]


class Twin(NamedTuple):
    """What a device without a fault has before and after a call, and what the call returns."""

    before: Image
    after: Image
    returned: Any


def begun(device: Device) -> Device:
    device.load(IMAGE)
    device.run(spikes=FIRST)
    return device


def twin(call: str) -> Twin:
    with emulated(config=CONFIG) as device:
        before = begun(device).snapshot()
        returned = CALLS[call](device)
        return Twin(before, device.snapshot(), returned)


def held(image: Image) -> dict[Region, list[Any]]:
    """What an image holds, but for whose spikes are recorded."""
    return {region: items.tolist() for region, items in image.regions.items() if region is not Region.FLAGS}


def registers(image: Image) -> dict[int, int]:
    """Control registers, but for those that move by themselves."""
    return {place: item for place, item in enumerate(held(image)[Region.CONTROL]) if place not in MOVING}


def assert_results(got: ncx.Result, wanted: ncx.Result, *, counted: bool = True) -> None:
    steps = got.steps
    assert np.array_equal(got.spikes, wanted.spikes[:steps])
    assert np.array_equal(got.v, wanted.v[:steps])
    tables = len(got.weights_over_time)
    assert np.array_equal(got.weights_over_time, wanted.weights_over_time[:tables])
    if counted:
        assert steps == wanted.steps
        names = [counter.name.lower() for counter in MODEL_COUNTERS]
        assert {name: got.counters[name] for name in names} == {name: wanted.counters[name] for name in names}


def assert_returned(call: str, got: Any, wanted: Any) -> None:
    if call == "run":
        assert_results(got, wanted)
    elif call == "weights":
        assert np.array_equal(got, wanted)
    elif call == "snapshot":
        assert held(got) == held(wanted)


def assert_goes_on(device: Device, image: Image) -> None:
    """The device holds what an image does, and runs as it does."""
    assert held(device.snapshot()) == held(image)
    with emulated(config=CONFIG) as other:
        other.load(image)
        assert_results(device.run(spikes=THIRD, record=BOTH), other.run(spikes=THIRD, record=BOTH))
        assert held(device.snapshot()) == held(other.snapshot())


def after_steps(steps: int) -> Image:
    """What the chip holds after a run that was ended in good order there."""
    with emulated(config=CONFIG) as device:
        begun(device)
        device.run(spikes=SECOND[:steps], modulation={40: 0.5} if steps > 40 else None)
        return device.snapshot()


def attempted(call: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return call(), None
    except (DeviceError, KeyboardInterrupt, ZeroDivisionError) as error:
        return None, error


def refusal_of_all_reads(device: Device) -> DeviceError:
    """Every call that needs a known chip is refused with the same words."""
    reads: list[Callable[[], Any]] = [
        device.snapshot, device.weights, device.state, device.counters, device.traces, device.plastic, device.membranes,
        device.thresholds, lambda: device.read(Region.WEIGHTS), lambda: device.run(3), lambda: device.modulation(2.0),
        lambda: device.write(Region.THRESHOLD, np.zeros(7, int)), lambda: device.set_weights(0.0),
        lambda: device.clear(state=False, counters=True),
    ]  # fmt: skip
    errors = [attempted(read)[1] for read in reads]
    assert len({str(error) for error in errors}) == 1, errors
    assert isinstance(errors[0], DeviceError)
    return errors[0]


def follow_the_words(device: Device, call: str, expected: Twin, words: str) -> None:
    """Do what a message says; what comes of it has the right bits."""
    if "load it again" in words:
        device.load(IMAGE)
        assert_goes_on(device, IMAGE)
    elif "device.resume() finishes it" in words:
        result, error = attempted(device.resume)
        if error is None:
            assert_results(result, expected.returned)
            assert_goes_on(device, expected.after)
        else:
            assert "ended the run when the connection was lost; clear, restore or load" in str(error)
            assert "clear to begin from zero state" in str(refusal_of_all_reads(device))
            assert_cleared(device, expected)
    elif "call it again as it was" in words:
        CALLS[call](device)
        assert_goes_on(device, expected.after)
    else:
        assert "clear to begin from zero state" in words
        assert_cleared(device, expected)


def assert_cleared(device: Device, expected: Twin) -> None:
    """A run that was given up leaves zero state, and the registers as they were."""
    device.clear()
    image = device.snapshot()
    assert not any(image.regions[region].any() for region in STATE if region in image.regions)
    assert registers(image) == registers(expected.before)
    assert_goes_on(device, image)


def trials(fault: str, *, returns: bool) -> Iterator[tuple[Bench, Device]]:
    """Devices before a call, the fault due at the first read, then at the second, and so on while it comes at all."""
    at = 0
    while True:
        bench = Bench(CONFIG)
        with bench.device(returns=returns) as device:
            begun(device)
            bench.arm(fault, at)
            yield bench, device
            if not bench.happened:
                return
        at += 1


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("fault", "returns"), FAULTS)
def test_after_a_fault_the_bits_are_right_or_the_words_are(fault: str, call: str, returns: bool) -> None:
    expected, found = twin(call), set[str]()
    for bench, device in trials(fault, returns=returns):
        got, error = attempted(lambda device=device: CALLS[call](device))
        if not bench.happened:
            assert_returned(call, got, expected.returned)
            break
        bench.heal()
        if call == "run" and error is not None:
            assert_interrupted(device, error, expected)
        name = device._contents.standing.name
        found.add(name)
        if error is None:
            assert_returned(call, got, expected.returned)
            assert_goes_on(device, expected.after)
        elif name == "known":
            _, refused = attempted(device.snapshot)
            if isinstance(refused, StateLostError):
                follow_the_words(device, call, expected, str(refused))
            elif refused is None:
                steps = device.interrupted.steps if call == "run" else 0
                assert_goes_on(device, after_steps(steps))
        else:
            follow_the_words(device, call, expected, str(refusal_of_all_reads(device)))
    assert found <= allowed(fault, call, returns=returns)


def allowed(fault: str, call: str, *, returns: bool) -> set[str]:
    if not returns:
        return {"lost"}
    if fault == "reset":
        return {"known", "lost"} | ({"torn"} if call in CHANGES else set())
    unknown = {"load": "lost", "run": "cut"}.get(call, "torn") if call in CHANGES else "known"
    return {"known", unknown} | ({"torn"} if call == "run" else set())


def assert_interrupted(device: Device, error: BaseException, expected: Twin) -> None:
    partial = device.interrupted
    if isinstance(error, DeviceError):
        assert error.steps in (None, partial.steps if partial else None)
    if partial is not None:
        assert_results(partial, expected.returned, counted=False)


# Steps that need several requests ------------------------------------------------------------------

WIDE = CoreConfig(neurons=7, inputs=200, frame_bytes=64)
MANY = random_spikes(6, 200, seed=5, rate=0.6)


def test_interrupt_within_a_step_gives_no_step_with_half_of_its_spikes() -> None:
    image = busy_image(WIDE)
    with emulated(config=WIDE) as other:
        other.load(image)
        whole = other.run(spikes=MANY, record=BOTH)
    names, at = set[str](), 0
    while True:
        bench = Bench(WIDE)
        with bench.device(returns=True) as device:
            device.load(image)
            bench.arm("interrupt", at)
            _, error = attempted(lambda device=device: device.run(spikes=MANY, record=BOTH))
            if error is None:
                break
            bench.heal()
            partial = device.interrupted
            assert np.array_equal(partial.v, whole.v[: partial.steps])
            name = device._contents.standing.name
            names.add(name)
            if name == "known":
                rest = device.run(spikes=MANY[partial.steps :], record=BOTH)
                assert np.array_equal(rest.v, whole.v[partial.steps :])
            else:
                if attempted(device.clear)[1]:  # the chip waits for the rest of the step; HELLO, next time, ends that
                    device.clear()
                assert np.array_equal(device.run(spikes=MANY, record=BOTH).v, whole.v)
        at += 1
    assert names == {"known", "torn"}
