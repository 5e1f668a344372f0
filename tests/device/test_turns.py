"""One call at a time: threads wait for their turn, callbacks are refused, and every wait has an end."""

import copy
import gc
import os
import pickle
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device import emulated as emulated_chip
from neurocorex.device.device import Device
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.turn import Stop, Turn, checked_deadline
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DeviceError, DisconnectedError, InputError, NoAnswerError
from neurocorex.spec import CoreConfig, Learning, Region
from neurocorex.wire.patience import Patience
from support.devices import BOTH, IMAGE, SPIKES, assert_same, emulated
from support.fakes import SMALL, WrappedTransport, busy_image, random_spikes

LEARNS = CoreConfig(neurons=7, inputs=5, learning=Learning.EXPONENTIAL, contexts=2)
#: Public names that need no turn, and why.
FREE = {
    "elastic": "never changes",
    "target": "never changes",
    "interrupted": "an attribute on the host, replaced as a whole",
    "deadline_s": "an attribute on the host, which a thread may change while another one waits",
}
#: Names that are asked in a callback as well: what they tell is known while the chip is open.
FACTS = {"info", "config", "inputs", "neurons", "dt_ms"}
#: Arguments of the others; None: a property.
GUARDED: dict[str, tuple | None] = {
    **dict.fromkeys(FACTS), "link": None, "close": (), "load": (IMAGE,), "restore": (IMAGE,), "prepare": (),
    "run": (3,), "resume": (), "run_async": (3,), "read": (Region.BIAS,), "write": (Region.BIAS, np.zeros(7, int)),
    "state": (), "weights": (), "set_weights": (0.0,), "plastic": (), "membranes": (), "thresholds": (), "traces": (),
    "errors": (), "winners": (), "snapshot": (), "counters": (), "clear": (), "learning": (True,), "gate": (None,),
    "modulation": (1.0,), "context": (1,), "stream": (), "store_patterns": (np.full((1, 5), 0.5),),
}  # fmt: skip


def public_names() -> list[str]:
    return sorted({name for name in [*dir(Device), *vars(Device(EmulatedChip(SMALL)))] if not name.startswith("_")})


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so that another thread brings about."""
    pause = threading.Event()
    for _ in range(20_000):
        if condition():
            return
        pause.wait(0.001)
    raise AssertionError("it never came")


def waiting(device: Device) -> int:
    return len(device._turn._queue) - 1


@contextmanager
def busy(device: Device) -> Iterator[None]:
    """Another thread has the device until the block ends; its run has to come to its end."""
    began, go = threading.Event(), threading.Event()

    def hold(done: int, total: int) -> None:
        began.set()
        go.wait(60)

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(device.run, spikes=SPIKES, progress=hold)
        began.wait(60)
        try:
            yield
        finally:
            go.set()
        assert run.result().steps == 60


def call(device: Device, name: str) -> object:
    arguments = GUARDED[name]
    found = getattr(device, name)
    if arguments is None:
        return found
    if name == "run_async":
        import asyncio

        return asyncio.run(found(*arguments))
    return found(*arguments)


def test_every_public_name_is_guarded_or_known_to_need_no_guard() -> None:
    assert public_names() == sorted([*FREE, *GUARDED])


@pytest.mark.parametrize("name", sorted(GUARDED))
def test_call_beside_a_run_waits_for_its_turn_until_its_deadline(name: str) -> None:
    with emulated(WrappedTransport if name == "link" else None) as device:
        device.load(IMAGE)
        with busy(device):
            device.deadline_s = 0.001
            with pytest.raises(NoAnswerError, match=rf"{name.removesuffix('_async')}|load waited 0.001 s .* for run"):
                call(device, name)
        device.deadline_s = None
        assert device.run(1).steps == 1


@pytest.mark.parametrize("name", sorted({*GUARDED} - FACTS - {"run_async"}))
def test_callback_is_refused_in_words(name: str) -> None:
    with emulated(WrappedTransport if name == "link" else None) as device:
        device.load(IMAGE)
        told = []

        def back(done: int, total: int) -> None:
            with pytest.raises(DeviceError, match=r"was called in a callback of run, .* call it after run"):
                call(device, name)
            told.append(done)

        assert device.run(spikes=SPIKES, progress=back).steps == 60
        assert told


def test_callback_may_ask_what_the_chip_is(device: Device) -> None:
    told = []
    device.run(spikes=SPIKES, progress=lambda done, total: told.append([getattr(device, name) for name in FACTS]))
    assert told[0] == [getattr(device, name) for name in FACTS]


def test_array_that_uses_the_device_is_refused_and_nothing_ran(device: Device) -> None:
    class Curious:
        def __array__(self, dtype=None, copy=None):
            return np.zeros((5, 5), bool) | bool(device.counters())

    before = device.snapshot()
    with pytest.raises(DeviceError, match="counters was called in a callback of run"):
        device.run(spikes=Curious())
    assert device.snapshot().regions.keys() == before.regions.keys()
    assert device.run(1).steps == 1


def test_generator_that_uses_the_device_is_refused_and_gives_the_turn_back(device: Device) -> None:
    with pytest.raises(DeviceError, match="counters was called in a callback of run"):
        device.run(spikes=(device.counters() for _ in range(3)))
    assert device.counters()["steps"] == 0


@pytest.mark.parametrize("wrapper", [None, WrappedTransport], ids=["in process", "by wire"])
def test_runs_of_threads_are_those_of_one_thread(wrapper, reference: ncx.Result) -> None:
    with emulated(wrapper) as device:
        device.load(IMAGE)
        with ThreadPoolExecutor(4) as pool:
            runs = [pool.submit(device.run, spikes=SPIKES, record=BOTH, clear=True) for _ in range(24)]
            for run in runs:
                assert_same(run.result(), reference)


@pytest.mark.parametrize("wrapper", [None, WrappedTransport], ids=["in process", "by wire"])
def test_readers_beside_a_run_find_whole_numbers(wrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulated_chip, "PIECE_UPDATES", 20 * 7)
    image, spikes = busy_image(LEARNS), random_spikes(400, 5)

    def learned(device: Device) -> np.ndarray:
        device.load(image)
        device.run(spikes=spikes)
        return device.weights()

    with emulated(config=LEARNS) as alone:
        wanted = learned(alone)
    with emulated(wrapper, config=LEARNS) as device:
        with ThreadPoolExecutor(3) as pool:
            device.load(image)
            run = pool.submit(device.run, spikes=spikes)
            counts = [pool.submit(device.counters) for _ in range(30)]
            snapshots = [pool.submit(device.snapshot) for _ in range(10)]
            assert run.result().steps == 400
            assert {count.result()["steps"] for count in counts} <= {0, 400}
            assert all(snapshot.result().is_snapshot for snapshot in snapshots)
        assert np.array_equal(device.weights(), wanted)


def test_threads_have_their_turns_in_the_order_in_which_they_came(device: Device) -> None:
    order: list[int] = []
    with ThreadPoolExecutor(5) as pool, busy(device):
        for number in range(5):
            pool.submit(device.run, 1, progress=lambda done, total, number=number: order.append(number))
            until(lambda number=number: waiting(device) == number + 1)
    assert list(dict.fromkeys(order)) == [0, 1, 2, 3, 4]


def test_close_waits_for_a_run_and_ends_those_who_come_later(device: Device) -> None:
    with ThreadPoolExecutor(2) as pool:
        with busy(device):
            closing = pool.submit(device.close)
            until(lambda: waiting(device) == 1)
            late = pool.submit(device.counters)
            until(lambda: waiting(device) == 2)
        closing.result()
        with pytest.raises(DisconnectedError, match="this device was closed; open it again"):
            late.result()


def test_interrupt_ends_the_waiting_and_nothing_else(device: Device) -> None:
    with busy(device), ThreadPoolExecutor(1) as pool:

        def interrupt() -> None:
            until(lambda: waiting(device) == 1)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        pool.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            device.counters()
        assert waiting(device) == 0
    assert device.counters()["steps"] == 60


def test_deadline_of_a_call_counts_before_that_of_the_device(device: Device) -> None:
    device.deadline_s = 1000
    with busy(device), pytest.raises(NoAnswerError, match=r"load waited 0.002 s \(deadline_s\) for run"):
        device.load(IMAGE, deadline_s=0.002)
    assert device.deadline_s == 1000
    assert device.run(1, deadline_s=float("inf")).steps == 1


@pytest.mark.parametrize("wrong", [0, -1.0, float("nan"), "3", True, [1]])
def test_deadline_that_is_none_is_refused(device: Device, wrong: object) -> None:
    with pytest.raises(InputError, match=r"deadline_s must be seconds above 0, or None for no limit, got .*30"):
        device.deadline_s = wrong
    with pytest.raises(InputError, match="deadline_s must be"):
        device.run(1, deadline_s=wrong)
    assert device.deadline_s is None
    assert checked_deadline(np.float64(2)) == 2.0


def test_wish_to_end_reaches_its_own_call_once() -> None:
    cancelled: list[int] = []

    class Counting(Patience):
        def cancel(self) -> None:
            cancelled.append(1)

    turn, mine, other = Turn(), Stop(), Stop()
    turn.follow(Counting())
    with turn.stoppable(mine), turn.taken("run"):
        turn.stop(other)
        assert not cancelled
        turn.stop(mine)
        turn.stop(mine)
        turn.stop(other)
        assert cancelled == [1]
    with turn.stoppable(other), turn.taken("run"):  # wished before it began
        assert cancelled == [1, 1]
    with turn.taken("run"):
        assert cancelled == [1, 1]


# Processes, and the end of a device ----------------------------------------------------------------


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_device_is_not_copied(device: Device, copied: Callable) -> None:
    with pytest.raises(TypeError, match="a device cannot be copied or pickled: it belongs to one process"):
        copied(device)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork_is_told_whose_the_device_is() -> None:
    closed: list[int] = []

    class Closing(WrappedTransport):
        def close(self) -> None:
            closed.append(1)
            super().close()

    with emulated(Closing) as device:
        device.load(IMAGE)
        child = os.fork()
        if not child:
            code = 1
            try:
                with pytest.raises(DeviceError, match=r"opened by process .* belongs to it; open it anew"):
                    device.run(1)
                device.close()
                del device
                gc.collect()
                code = len(closed)
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert device.run(1).steps == 1
    assert closed


def test_forgotten_device_closes_its_transport_and_says_nothing() -> None:
    closed: list[int] = []

    class Closing(WrappedTransport):
        def close(self) -> None:
            closed.append(1)
            super().close()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        device = Device(WiredChip(Closing(VirtualTransport(SMALL))))
        device.load(IMAGE)
        del device
        gc.collect()
    assert closed == [1]


def test_end_of_a_block_hides_no_error() -> None:
    class Stubborn(WrappedTransport):
        def close(self) -> None:
            super().close()
            raise OSError("the port is stuck")

    def work() -> None:
        with emulated(Stubborn) as device:
            device.load(IMAGE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as found:
        work()
    assert found.value.__notes__ == ["closing the device failed as well: the port is stuck"]
    with pytest.raises(OSError, match="the port is stuck"), emulated(Stubborn) as device:
        device.load(IMAGE)
