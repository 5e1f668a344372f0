"""Awaiting runs: other coroutines go on, those of one device take turns, and cancellation loses nothing."""

import asyncio
import threading

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device import emulated as emulated_chip
from neurocorex.device import exchange as exchanges
from neurocorex.device.device import Device
from neurocorex.errors import InputError
from support.devices import BOTH, IMAGE, SPIKES, assert_same
from support.fakes import random_spikes

LONG = np.concatenate([SPIKES, random_spikes(2000, 5)])


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulated_chip, "PIECE_UPDATES", 20 * 7)
    monkeypatch.setattr(exchanges, "PIECE_STEPS", 20)


def test_awaited_run_is_that_of_a_call(device: Device, reference: ncx.Result) -> None:
    assert_same(asyncio.run(device.run_async(spikes=SPIKES, record=BOTH)), reference)


def test_other_coroutines_go_on_meanwhile(device: Device) -> None:
    async def main() -> list[int]:
        loop, heard, told = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

        def progress(done: int, total: int) -> None:
            loop.call_soon_threadsafe(heard.set)
            assert told.wait(60)  # the run cannot end before the other coroutine had its say

        run = asyncio.create_task(device.run_async(spikes=SPIKES, progress=progress))
        await heard.wait()
        order = [0 if run.done() else 1]
        told.set()
        return [*order, (await run).steps]

    assert asyncio.run(main()) == [1, 60]


def test_two_coroutines_take_turns(device: Device, reference: ncx.Result) -> None:
    async def main() -> list[ncx.Result]:
        return await asyncio.gather(
            *(device.run_async(spikes=SPIKES, record=BOTH, clear=True) for _ in range(6)),
        )

    for result in asyncio.run(main()):
        assert_same(result, reference)


def test_error_of_a_run_is_that_of_the_await(device: Device) -> None:
    with pytest.raises(InputError, match="steps must be an integer"):
        asyncio.run(device.run_async(-1))


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_cancellation_ends_a_run_in_good_order(device: Device, times: int) -> None:
    whole = device.run(spikes=LONG, record=BOTH)
    device.load(IMAGE)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        cancelled = threading.Event()

        def cancel() -> None:
            for _ in range(times):
                run.cancel()
            loop.call_soon(cancelled.set)

        def progress(done: int, total: int) -> None:
            if done >= 60 and not cancelled.is_set():
                loop.call_soon_threadsafe(cancel)
                assert cancelled.wait(60)

        run = asyncio.create_task(device.run_async(spikes=LONG, record=BOTH, progress=progress))
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(main())
    partial = device.interrupted
    assert partial is not None
    assert 60 <= partial.steps < len(LONG)
    rest = device.run(spikes=LONG[partial.steps :], record=BOTH)
    assert np.array_equal(np.concatenate([partial.v, rest.v]), whole.v)
    assert np.array_equal(np.concatenate([partial.spikes, rest.spikes]), whole.spikes)


def test_cancellation_of_a_run_that_waits_ends_the_waiting_alone(device: Device, reference: ncx.Result) -> None:
    async def main() -> ncx.Result:
        loop, began, go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

        def progress(done: int, total: int) -> None:
            loop.call_soon_threadsafe(began.set)
            assert go.wait(60)

        first = asyncio.create_task(device.run_async(spikes=SPIKES, record=BOTH, progress=progress))
        await began.wait()
        second = asyncio.create_task(device.run_async(spikes=SPIKES))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        go.set()
        return await first

    assert_same(asyncio.run(main()), reference)
    assert device.counters()["steps"] == 60


def test_timeout_of_asyncio_is_a_cancellation(device: Device) -> None:
    async def main() -> None:
        loop, late = asyncio.get_running_loop(), threading.Event()

        def progress(done: int, total: int) -> None:
            loop.call_soon_threadsafe(limit.reschedule, loop.time())
            loop.call_soon_threadsafe(loop.call_later, 0.001, late.set)
            assert late.wait(60)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as limit:
                await device.run_async(spikes=LONG, progress=progress)

    asyncio.run(main())
    assert device.interrupted is not None
    assert device.run(1).steps == 1
