"""Commands in gates: every status, items of every width, STOP, and the rate of the serial port."""

from __future__ import annotations

import random

import pytest
from neurocorex.spec import Clear, CoreConfig, Op, Region, Status, layout
from neurocorex.spec.events import END
from neurocorex.spec.fixed import unpack
from neurocorex.spec.protocol import READ_ARGUMENTS, RETURN_TICKS, SET_BAUD_ARGUMENTS, WRITE_ARGUMENTS
from support.link_bench import BURST, BURST_BYTES, CONFIG, DIVISOR, HOLD, INFO, Host, simulate

WEIGHTS = layout(Region.WEIGHTS, CONFIG)


def read(region: int, row: int = 0, column: int = 0, items: int = 1) -> tuple[int, bytes]:
    return Op.READ, READ_ARGUMENTS.pack(region, row, column, items)


def write(region: int, data: bytes, row: int = 0, column: int = 0) -> tuple[int, bytes]:
    return Op.WRITE, WRITE_ARGUMENTS.pack(region, row, column) + data


def test_info_tells_geometry_and_build() -> None:
    async def scenario(host: Host) -> None:
        status, data = await host.call(*read(Region.INFO, items=len(INFO.WORDS)))
        assert status == Status.OK
        assert type(INFO).from_words(unpack(data, 4, signed=False)) == INFO

    simulate(scenario)


@pytest.mark.parametrize("config", [CONFIG, CoreConfig(neurons=6, inputs=4, frame_bytes=128)], ids=["60", "124"])
@pytest.mark.parametrize("region", [Region.WEIGHTS, Region.DECAY, Region.THRESHOLD, Region.CONTROL, Region.HISTORY])
def test_items_of_every_width_are_written_and_read(region: Region, config: CoreConfig) -> None:
    shape = layout(region, config)
    data = random.Random(region).randbytes(shape.items * shape.item_bytes)
    part = shape.item_bytes * 5

    async def scenario(host: Host) -> None:
        for start in range(0, len(data), part):
            row, column = divmod(start // shape.item_bytes, shape.columns)
            assert (await host.call(*write(region, data[start : start + part], row, column)))[0] == Status.OK
        assert await host.call(*read(region, items=shape.items)) == (Status.OK, data)
        assert await host.call(*read(region, column=1, items=2)) == (
            Status.OK, data[shape.item_bytes : 3 * shape.item_bytes],
        )  # fmt: skip

    simulate(scenario, config=config)


def test_long_read_comes_in_frames_of_whole_items() -> None:
    config = CoreConfig(neurons=48, inputs=1, frame_bytes=128, state_bits=24)  # 124 bytes: 41 items of 3, 31 of 4

    async def scenario(host: Host) -> None:
        for region, sizes in ((Region.THRESHOLD, [123, 21]), (Region.RESET, [123, 21]), (Region.DECAY, [96])):
            await host.request(*read(region, items=48))
            responses = [await host.answer() for _ in sizes]
            assert [len(response.payload) for response in responses] == sizes
            assert [response.status for response in responses] == [Status.MORE] * (len(sizes) - 1) + [Status.OK]

    simulate(scenario, config=config)


@pytest.mark.parametrize(
    ("request_", "status", "answer"),
    [
        pytest.param((0x15, b""), Status.BAD_OP, b"", id="op between known ones and the end"),
        pytest.param((0xFF, b"x" * 60), Status.BAD_OP, b"", id="op with the bit of responses"),
        pytest.param(read(0x0F), Status.BAD_REGION, b"", id="read of no region"),
        pytest.param(write(0xFF, b"abc"), Status.BAD_REGION, b"", id="write to no region"),
        pytest.param(read(Region.WEIGHTS, row=10), Status.BAD_RANGE, b"", id="row beyond the end"),
        pytest.param(read(Region.WEIGHTS, row=0x8000), Status.BAD_RANGE, b"", id="row far beyond the end"),
        pytest.param(read(Region.WEIGHTS, column=6), Status.BAD_RANGE, b"", id="column beyond the end"),
        pytest.param(read(Region.WEIGHTS, column=0x0100), Status.BAD_RANGE, b"", id="column far beyond the end"),
        pytest.param(read(Region.DECAY, row=1), Status.BAD_RANGE, b"", id="row of a vector"),
        pytest.param(write(Region.DECAY, b"ab", column=6), Status.BAD_RANGE, b"", id="write beyond the end"),
        pytest.param(write(Region.DECAY, b"", column=6), Status.BAD_RANGE, b"", id="nothing beyond the end"),
        pytest.param(read(Region.WEIGHTS, 9, 4, 3), Status.BAD_RANGE, b"\0\0", id="items beyond the end"),
        pytest.param(read(Region.DECAY, items=1 << 31), Status.BAD_RANGE, bytes(12), id="far more items"),
        pytest.param(read(Region.DECAY, items=0), Status.OK, b"", id="no items"),
        pytest.param(write(Region.DECAY, b""), Status.OK, b"", id="nothing to write"),
        pytest.param((Op.READ, bytes(8)), Status.BAD_LENGTH, b"", id="argument missing"),
        pytest.param((Op.READ, bytes(10)), Status.BAD_LENGTH, b"", id="argument too many"),
        pytest.param((Op.WRITE, bytes(4)), Status.BAD_LENGTH, b"", id="address missing"),
        pytest.param((Op.CLEAR, b""), Status.BAD_LENGTH, b"", id="flags missing"),
        pytest.param((Op.CLEAR, b"\0\0"), Status.BAD_LENGTH, b"", id="flags too many"),
        pytest.param((Op.SET_BAUD, b"\x10"), Status.BAD_LENGTH, b"", id="half a divisor"),
        pytest.param((Op.SET_BAUD, b"\x03\x00"), Status.BAD_RANGE, b"", id="impossible divisor"),
        pytest.param(write(Region.INFO, bytes(4)), Status.READ_ONLY, b"", id="write to INFO"),
        pytest.param(write(Region.COUNTERS, bytes(4)), Status.READ_ONLY, b"", id="write to COUNTERS"),
        pytest.param((Op.RUN, b""), Status.OK, b"", id="run of nothing"),
    ],
)
def test_status(request_: tuple[int, bytes], status: Status, answer: bytes) -> None:
    async def scenario(host: Host) -> None:
        assert await host.call(*request_) == (status, answer)
        # Whatever it was, the next request is served.
        assert await host.call(Op.RUN, bytes([1, END])) == (Status.OK, bytes([2, END]))

    simulate(scenario)


def test_adaptation_is_read_only_without_it() -> None:
    async def scenario(host: Host) -> None:
        assert (await host.call(*write(Region.ADAPTATION, bytes(3))))[0] == Status.READ_ONLY
        assert (await host.call(*read(Region.ADAPTATION)))[0] == Status.OK

    simulate(scenario, config=CoreConfig(neurons=6, inputs=4, frame_bytes=64, adaptation=False))


@pytest.mark.parametrize(
    ("data", "column", "status", "written"),
    [
        pytest.param(b"abcde", 0, Status.BAD_LENGTH, b"abcd\0\0\0\0\0\0\0\0", id="last item incomplete"),
        pytest.param(b"abcdef", 4, Status.BAD_RANGE, b"\0\0\0\0\0\0\0\0abcd", id="items beyond the end"),
        pytest.param(b"abcde", 4, Status.BAD_LENGTH, b"\0\0\0\0\0\0\0\0abcd", id="half an item beyond the end"),
    ],
)
def test_items_before_the_mistake_are_written(data: bytes, column: int, status: Status, written: bytes) -> None:
    async def scenario(host: Host) -> None:
        assert (await host.call(*write(Region.DECAY, data, column=column)))[0] == status
        assert await host.call(*read(Region.DECAY, items=6)) == (Status.OK, written)

    simulate(scenario)


def test_rows_follow_each_other() -> None:
    async def scenario(host: Host) -> None:
        assert (await host.call(*write(Region.WEIGHTS, bytes(range(1, 14)), row=2, column=4)))[0] == Status.OK
        expected = bytes([0] * 4 + [*range(1, 14)] + [0])
        assert await host.call(*read(Region.WEIGHTS, row=2, items=18)) == (Status.OK, expected)

    simulate(scenario)


@pytest.mark.parametrize("flags", [0, Clear.STATE, Clear.COUNTERS, Clear.STATE | Clear.COUNTERS, 0xFC])
def test_clear_tells_the_core_what(flags: int) -> None:
    async def scenario(host: Host) -> None:
        assert await host.call(Op.CLEAR, bytes([flags])) == (Status.OK, b"")
        assert host.ctx.get(host.core.state_clears) == bool(flags & Clear.STATE)
        assert host.ctx.get(host.core.counter_clears) == bool(flags & Clear.COUNTERS)

    simulate(scenario)


# RUN and STOP -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_results_of_any_length_come_whole(seed: int) -> None:
    rng = random.Random(seed)
    stimulus = bytes(rng.choices((*range(20), BURST, HOLD, END), k=40))

    async def scenario(host: Host) -> None:
        await host.request(Op.RUN, stimulus)
        results, statuses = b"", []
        while not statuses or statuses[-1] == Status.MORE:
            response = await host.answer()
            results += response.payload
            statuses.append(response.status)
            await host.send(Op.ACK)
        assert statuses[-1] == Status.OK
        echoes = {BURST: bytes([BURST + 1]) * BURST_BYTES, END: bytes([END]), HOLD: bytes([HOLD])}
        expected = b"".join(echoes.get(code, bytes([code + 1 & 0xFF])) for code in stimulus)
        assert sorted(results) == sorted(expected)
        assert results.replace(bytes([HOLD]), b"") == expected.replace(bytes([HOLD]), b"")

    simulate(scenario, seed=seed)


def test_only_run_may_follow_an_open_step() -> None:
    async def scenario(host: Host) -> None:
        assert (await host.call(Op.RUN, b"\x05"))[0] == Status.OK
        for request in (read(Region.DECAY), write(Region.DECAY, b"ab"), (Op.CLEAR, b"\1"), (Op.SET_BAUD, b"\x10\0")):
            assert await host.call(*request) == (Status.STEP_OPEN, b"")
        assert await host.call(0x42, b"") == (Status.BAD_OP, b"")
        assert await host.call(Op.RUN, bytes([6, END])) == (Status.OK, bytes([7, END]))
        assert await host.call(*read(Region.DECAY)) == (Status.OK, b"\0\0")

    simulate(scenario)


def test_stop_ends_the_run_at_hand_and_those_behind_it() -> None:
    async def scenario(host: Host) -> None:
        await host.request(Op.RUN, bytes([END] * 3 + [BURST] * 2 + [5] * 40))
        await host.request(*write(Region.DECAY, b"ab"))
        await host.request(Op.RUN, bytes([1, 2, END]))
        await host.send(Op.STOP)
        await host.request(Op.RUN, bytes([3, END]))
        results = b""
        while (response := await host.answer()).status == Status.MORE:
            results += response.payload
            await host.send(Op.ACK)
        results += response.payload
        assert response.status == Status.STOPPED
        assert results.endswith(bytes([END]))
        assert len(results) < 3 + 2 * BURST_BYTES + 40
        written, stopped, run = await host.answer(), await host.answer(), await host.answer()
        assert (written.op, written.status) == (Op.WRITE, Status.OK)
        assert (stopped.op, stopped.status, stopped.payload) == (Op.RUN, Status.STOPPED, b"")
        assert (run.op, run.status, run.payload) == (Op.RUN, Status.OK, bytes([4, END]))

    simulate(scenario)


def test_stopped_run_waits_for_its_results_to_be_taken() -> None:
    async def scenario(host: Host) -> None:
        await host.request(Op.RUN, bytes([BURST] * 10))
        frames = [await host.response() for _ in range(CONFIG.tx_frames)]
        await host.send(Op.STOP)
        await host.silence()
        host.ack = CONFIG.tx_frames
        await host.send(Op.ACK)
        while (response := await host.answer()).status == Status.MORE:
            await host.send(Op.ACK)
            frames.append(response)
        assert response.status == Status.STOPPED
        assert response.payload[-1] == END

    simulate(scenario)


def test_stop_between_runs_ends_an_open_step() -> None:
    async def scenario(host: Host) -> None:
        await host.call(Op.RUN, b"\x05")
        await host.send(Op.STOP)
        assert await host.call(*read(Region.DECAY)) == (Status.OK, b"\0\0")
        assert host.ctx.get(host.core.aborts) == 1
        await host.send(Op.STOP)
        assert await host.call(Op.RUN, bytes([1, END])) == (Status.OK, bytes([2, END]))
        assert host.ctx.get(host.core.aborts) == 1

    simulate(scenario)


# Rate ---------------------------------------------------------------------------------------------


async def set_baud(host: Host, divisor: int) -> None:
    await host.request(Op.SET_BAUD, SET_BAUD_ARGUMENTS.pack(divisor))


def test_rate_changes_when_the_response_has_left() -> None:
    async def scenario(host: Host) -> None:
        await set_baud(host, 300)
        host.ctx.set(host.chip.line_idle, 0)
        await host.answer()
        await host.silence(50)
        assert host.ctx.get(host.chip.divisor) == DIVISOR
        host.ctx.set(host.chip.line_idle, 1)
        await host.ctx.tick().repeat(2)
        assert host.ctx.get(host.chip.divisor) == 300

    simulate(scenario)


def test_rate_without_a_good_frame_is_given_up() -> None:
    async def scenario(host: Host) -> None:
        await set_baud(host, 8)
        await host.answer()
        await host.write(b"garbage\0")
        assert (await host.response()).status == Status.BAD_FRAME
        for _ in range(RETURN_TICKS):
            assert host.ctx.get(host.chip.divisor) == 8
            await host.beat()
        assert host.ctx.get(host.chip.divisor) == DIVISOR

    simulate(scenario)


def test_rate_with_a_good_frame_is_kept_until_a_break() -> None:
    async def scenario(host: Host) -> None:
        await set_baud(host, 8)
        await host.answer()
        await host.send(Op.POLL)
        await host.response()
        for _ in range(3 * RETURN_TICKS):
            await host.beat()
        assert host.ctx.get(host.chip.divisor) == 8
        host.ctx.set(host.chip.interrupted, 1)
        await host.ctx.tick().repeat(2)
        assert host.ctx.get(host.chip.divisor) == DIVISOR

    simulate(scenario)


def test_rate_at_which_frames_have_become_bad_is_given_up() -> None:
    async def scenario(host: Host) -> None:
        await set_baud(host, 8)
        await host.answer()
        await host.send(Op.POLL)
        await host.response()
        for _ in range(RETURN_TICKS):
            assert host.ctx.get(host.chip.divisor) == 8
            await host.write(b"garbage\0")
            assert (await host.response()).status == Status.BAD_FRAME
            await host.beat()
        assert host.ctx.get(host.chip.divisor) == DIVISOR

    simulate(scenario)


@pytest.mark.parametrize("delay", range(1, 9))
def test_frame_that_ends_before_the_switch_does_not_prove_the_new_rate(delay: int) -> None:
    async def scenario(host: Host) -> None:
        host.gaps = (0,)
        host.ctx.set(host.chip.line_idle, 0)
        await set_baud(host, 8)
        await host.answer()
        await host.send(Op.POLL)
        await host.ctx.tick().repeat(delay)
        host.ctx.set(host.chip.line_idle, 1)
        await host.response()
        assert host.ctx.get(host.chip.divisor) == 8
        for _ in range(RETURN_TICKS):
            await host.beat()
        assert host.ctx.get(host.chip.divisor) == DIVISOR

    simulate(scenario)


# Speed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", [Region.WEIGHTS, Region.DECAY, Region.THRESHOLD])
def test_writes_keep_up_with_the_fastest_line(region: Region) -> None:
    config = CoreConfig(neurons=60, inputs=4, frame_bytes=64)
    items = (config.payload_bytes - WRITE_ARGUMENTS.size) // layout(region, config).item_bytes

    async def scenario(host: Host) -> None:
        host.gaps = (9,)  # a byte in ten cycles, four times as fast as a line can be
        for _ in range(8):
            await host.request(*write(region, bytes(items * layout(region, config).item_bytes)))
            while host.frames:
                response = await host.answer()
                assert (response.status, response.credit) >= (Status.OK, config.rx_frames - 1)
        while host.ack < 8:
            assert (await host.answer()).status == Status.OK

    simulate(scenario, config=config)


@pytest.mark.parametrize("region", [Region.WEIGHTS, Region.DECAY, Region.THRESHOLD])
def test_reads_keep_up_with_the_fastest_line(region: Region) -> None:
    config = CoreConfig(neurons=60, inputs=4, frame_bytes=64)
    size = 60 * layout(region, config).item_bytes

    async def scenario(host: Host) -> None:
        await host.request(*read(region, items=60))
        received, start = b"", host.cycles
        while len(received) < size:
            received += (await host.answer()).payload
            await host.send(Op.ACK)
        assert host.cycles - start < 13 * size  # a third of the 40 cycles that a byte takes there

    simulate(scenario, config=config)
