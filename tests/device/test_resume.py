"""A run that was cut off goes on where it was: same bits, nothing doubled, lost or out of order."""

from collections.abc import Callable

import numpy as np
import pytest
from neurocorex.device import emulated as emulated_chip
from neurocorex.device.chip import Chip, Look
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.session import Session, once
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.protocol import VirtualChip
from neurocorex.errors import DeviceError, DisconnectedError, NoAnswerError, StateLostError
from neurocorex.events.stream import EventStream
from neurocorex.spec import Clear, Flag, Op, Region, Request, layout
from neurocorex.spec.registers import MODEL_COUNTERS
from neurocorex.wire.patience import Cancelled
from neurocorex.wire.transport import Transport
from support.devices import IMAGE
from support.fakes import SMALL, random_spikes

STEPS = 240
STIMULUS = EventStream.from_dense(random_spikes(STEPS, SMALL.inputs, seed=3))
FLAGS = IMAGE.regions[Region.FLAGS] | int(Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE)
WRITABLE = {region: values for region, values in IMAGE.regions.items() if layout(region, SMALL).writable}


class Cable(Transport):
    """Connection to a chip that lives on without it; the chip hears and says what gets through.

    `at` is called with "read" or "write" and counts; what it returns happens: "silence", "gone" or None.
    """

    name = "cable"

    def __init__(self, chip: VirtualChip, at: Callable[[str], str | None] = lambda _what: None) -> None:
        self._chip, self._at = chip, at
        self._answers = b""
        self._gone = False
        self.closed = False

    def write(self, data: bytes) -> None:
        fate = self._fate("write")
        if fate == "gone":
            self._hear(data[: len(data) // 2])
            raise DisconnectedError("the cable was pulled")
        if fate is None:
            self._hear(data)

    def read(self, timeout_s: float) -> bytes:
        fate = self._fate("read")
        if fate == "gone":
            raise DisconnectedError("the cable was pulled")
        if fate:
            return b""
        data, self._answers = self._answers[:300], self._answers[300:]
        return data

    def _hear(self, data: bytes) -> None:
        self._answers += self._chip.receive(data)

    def _fate(self, what: str) -> str | None:
        self._gone = self._gone or self._at(what) == "gone"
        return "gone" if self._gone else self._at(f"{what} at all")

    def close(self) -> None:
        self.closed = True


class Script:
    """Fate of one event, counted over all cables from `arm` on; silence lasts until `end`."""

    def __init__(self) -> None:
        self.count = self._silent = 0
        self._fatal: int | None = None
        self._kind = ""

    def arm(self, at: int | None, kind: str) -> None:
        self.count, self._fatal, self._kind, self._silent = 0, at, kind, False

    def end(self) -> None:
        self._silent = False

    def __call__(self, what: str) -> str | None:
        if what.endswith("at all"):
            return "silence" if self._silent else None
        self.count += 1
        if self._fatal is None or self.count != self._fatal:
            return None
        self._silent = self._kind == "silence"
        return None if self._silent else "gone"


class Bench:
    """A loaded chip at the end of a cable that can be pulled, and a record of its run."""

    def __init__(self, cable: type[Cable] = Cable, *, reopens: bool = True) -> None:
        self.script, self.soul, self.cables = Script(), VirtualChip(SMALL), list[Cable]()
        self._cable = cable
        self.chip = WiredChip(self.connect(), reopen=self.connect if reopens else None)
        self.chip.write(WRITABLE, clear=Clear.STATE | Clear.COUNTERS)
        self.looks = [Look(step, (Region.MEMBRANE, Region.COUNTERS)) for step in (0, 100, STEPS + 1)]
        self.taken: list[EventStream] = []

    def connect(self) -> Cable:
        self.cables.append(self._cable(self.soul, self.script))
        return self.cables[-1]

    def run(self) -> None:
        self.chip.run(STIMULUS, self.taken.append, flags=FLAGS, looks=self.looks)

    def outcome(self) -> tuple:
        counters = self.soul.emulator.counters
        membranes = [look.contents[Region.MEMBRANE].tolist() for look in self.looks]
        return EventStream.join(self.taken), membranes, [counters[counter] for counter in MODEL_COUNTERS]


@pytest.fixture(scope="module")
def uncut() -> tuple:
    bench = Bench()
    bench.script.arm(None, "")
    bench.run()
    assert bench.script.count > 20
    return (*bench.outcome(), bench.script.count)


def same(bench: Bench, uncut: tuple) -> bool:
    stream, membranes, counters = bench.outcome()
    return stream == uncut[0] and membranes == uncut[1] and counters == uncut[2]


@pytest.mark.parametrize("kind", ["silence", "gone"])
def test_run_cut_at_any_read_or_write_is_resumed_with_the_same_bits(kind: str, uncut: tuple) -> None:
    for moment in range(1, uncut[3] + 1):
        bench = Bench()
        bench.script.arm(moment, kind)
        error = NoAnswerError if kind == "silence" else DisconnectedError
        try:
            bench.run()
        except error:
            assert bench.chip.cut
            bench.script.end()
            bench.chip.resume()
        assert same(bench, uncut), moment
        assert bench.chip.settled
        assert not bench.chip.cut
        assert all(cable.closed for cable in bench.cables[:-1])
        # The session goes on as well: the next call needs no greeting.
        assert bench.chip.read(Region.BIAS)[Region.BIAS].tolist() == IMAGE.regions[Region.BIAS].tolist()


@pytest.mark.parametrize("seed", range(10))
def test_run_may_be_cut_many_times(seed: int, uncut: tuple) -> None:
    rng = np.random.default_rng(seed)
    bench = Bench()
    proceed, cuts = bench.run, 0
    while True:
        bench.script.arm(int(rng.integers(2, 14)), str(rng.choice(["silence", "gone"])))
        try:
            proceed()
            break
        except (NoAnswerError, DisconnectedError):
            cuts += 1
            proceed = bench.chip.resume
            bench.script.end()
    assert cuts
    assert same(bench, uncut)


def test_cable_that_is_dead_when_a_call_begins_is_opened_again_unnoticed(uncut: tuple) -> None:
    for moment in (1, 2):
        bench = Bench()
        bench.script.arm(moment, "gone")
        bench.run()
        assert len(bench.cables) == 2
        assert same(bench, uncut)


def test_cable_without_another_is_gone_for_good() -> None:
    bench = Bench(reopens=False)
    bench.script.arm(1, "gone")
    assert not bench.chip.returns
    with pytest.raises(DisconnectedError, match="the cable was pulled"):
        bench.run()


@pytest.mark.parametrize("when", ["in a run", "between calls"])
def test_chip_that_comes_back_reset_has_lost_its_state(when: str, uncut: tuple) -> None:
    bench = Bench()
    if when == "in a run":
        bench.script.arm(uncut[3] // 2, "gone")
        with pytest.raises(DisconnectedError):
            bench.run()
        proceed = bench.chip.resume
    else:
        bench.script.arm(1, "gone")
        proceed = bench.run
    bench.soul = VirtualChip(SMALL)
    before = len(bench.taken)
    with pytest.raises(StateLostError, match="was reset"):
        proceed()
    assert len(bench.taken) == before
    assert not bench.chip.cut
    with pytest.raises(DeviceError, match="no run to resume"):
        bench.chip.resume()
    assert not bench.chip.read(Region.BIAS)[Region.BIAS].any()  # who was told may begin anew


class ServedCable(Cable):
    """Connection through a server: the first frame has to be HELLO, and a session ends with the connection."""

    begins_anew = True

    def __init__(self, chip: VirtualChip, at: Callable[[str], str | None]) -> None:
        super().__init__(chip, at)
        self._first = True

    def _hear(self, data: bytes) -> None:
        if self._first and data[1:]:
            self._gone = Request.decode(data.strip(b"\0").split(b"\0")[0]).op != Op.HELLO
            self._first = False
        if not self._gone:
            super()._hear(data)


def test_reading_goes_on_behind_a_server_that_has_dropped_the_connection() -> None:
    bench = Bench(ServedCable)
    bench.script.arm(1, "gone")
    assert bench.chip.read(Region.BIAS)[Region.BIAS].tolist() == IMAGE.regions[Region.BIAS].tolist()
    bench.script.arm(2, "gone")
    assert bench.chip.read(Region.WEIGHTS)[Region.WEIGHTS].tolist() == IMAGE.regions[Region.WEIGHTS].tolist()


def test_run_that_a_server_has_ended_is_not_repeated(uncut: tuple) -> None:
    bench = Bench(ServedCable)
    bench.script.arm(uncut[3] // 2, "gone")
    with pytest.raises(DisconnectedError):
        bench.run()
    with pytest.raises(DeviceError, match="ended the run when the connection was lost; clear, restore or load"):
        bench.chip.resume()
    assert not bench.chip.cut
    assert not bench.chip.settled
    assert bench.chip.read(Region.BIAS)[Region.BIAS].tolist() == IMAGE.regions[Region.BIAS].tolist()


def test_other_call_gives_the_cut_one_up(uncut: tuple) -> None:
    bench = Bench()
    bench.script.arm(uncut[3] // 2, "silence")
    with pytest.raises(NoAnswerError):
        bench.run()
    bench.script.end()
    bench.chip.read(Region.BIAS)
    with pytest.raises(DeviceError, match="there is no run to resume"):
        bench.chip.resume()


# Deadlines --------------------------------------------------------------------------------------


class Clock:
    """Seconds that pass when somebody waits, or looks."""

    def __init__(self, each: float) -> None:
        self.now, self.each = 0.0, each

    def __call__(self) -> float:
        self.now += self.each
        return self.now


def chips() -> dict[str, Callable[[], Chip]]:
    return {"in process": lambda: EmulatedChip(SMALL), "by wire": lambda: WiredChip(Cable(VirtualChip(SMALL)))}


@pytest.fixture(params=chips())
def chip(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Chip:
    monkeypatch.setattr(emulated_chip, "PIECE_UPDATES", 10 * SMALL.neurons)
    chip = chips()[request.param]()
    chip.write(WRITABLE, clear=Clear.STATE | Clear.COUNTERS)
    return chip


def test_run_ends_at_its_deadline_and_goes_on_in_another(chip: Chip, uncut: tuple) -> None:
    chip.patience.clock = Clock(1.0)
    chip.patience.begin(12.0)
    taken: list[EventStream] = []
    looks = [Look(step, (Region.MEMBRANE,)) for step in (0, 100, STEPS + 1)]
    with pytest.raises(NoAnswerError, match="took longer than deadline_s=12; allow more time, or go on with resume"):
        chip.run(STIMULUS, taken.append, flags=FLAGS, looks=looks)
    assert chip.cut
    cuts = 0
    while chip.cut:
        chip.patience.begin(20.0)
        try:
            chip.resume()
        except NoAnswerError:
            cuts += 1
    assert EventStream.join(taken) == uncut[0]
    assert [look.contents[Region.MEMBRANE].tolist() for look in looks] == uncut[1]
    assert chip.settled


def test_cancelled_run_ends_in_order(chip: Chip) -> None:
    taken: list[EventStream] = []

    def take(results: EventStream) -> None:
        taken.append(results)
        if len(taken) == 1:
            chip.patience.cancel()

    with pytest.raises(Cancelled):
        chip.run(EventStream(20_000), take)
    assert chip.settled
    assert not chip.cut
    steps = sum(results.steps for results in taken)
    assert 0 < steps < 20_000
    assert chip.read(Region.COUNTERS)[Region.COUNTERS][0] == steps


def test_deadline_that_is_over_ends_a_call_at_once(chip: Chip) -> None:
    chip.patience.clock = Clock(1.0)
    chip.patience.begin(0.5)
    with pytest.raises(NoAnswerError, match=r"deadline_s=0\.5"):
        chip.read(Region.BIAS)
    chip.patience.begin(None)
    assert chip.read(Region.BIAS)[Region.BIAS].size == SMALL.neurons


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_failure_of_who_takes_results_leaves_a_chip_in_order(chip: Chip, error: type[BaseException]) -> None:
    taken: list[EventStream] = []

    def progress() -> None:
        raise error

    def take(results: EventStream) -> None:
        taken.append(results)
        progress()

    with pytest.raises(error):
        chip.run(EventStream(20_000), take)
    assert chip.settled
    assert chip.read(Region.COUNTERS)[Region.COUNTERS][0] == sum(results.steps for results in taken) < 20_000


# Sessions of a device ---------------------------------------------------------------------------


def test_generation_counts_lost_states_and_chips_but_no_lost_connections() -> None:
    bench = Bench()
    session = Session(once(bench.chip))

    def read() -> list[int]:
        with session.exchange() as chip:
            return chip.read(Region.BIAS)[Region.BIAS].tolist()

    bias = read()
    bench.script.arm(2, "gone")
    assert read() == bias
    assert session.generation == 0
    bench.soul = VirtualChip(SMALL)
    bench.script.arm(1, "gone")
    with pytest.raises(StateLostError):
        read()
    assert session.generation == 1
    assert read() == [0] * SMALL.neurons
    assert session.generation == 1
