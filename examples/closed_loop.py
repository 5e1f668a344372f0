"""Closed loop: a network balances a pole on a cart, and learns it by rewards while it does.

    python examples/closed_loop.py [DEVICE] [--seeds 1] [--episodes 12]

The cart and its pole are plain NumPy. Fifty times a second the chip gets a spike of one of 63 inputs for the angle of
the pole and its speed, a spike of one of 25 for place and speed of the cart, and some of noise. Of eight neurons the
one with the largest sum fires: one of the first four pushes right, one of the others left. The synapses that had a part
in it gather that, and 20 ms later a reward says by how much the pole leans less than before, or more.

It prints how many pushes the pole stands, 500 (ten seconds) at most, before, while and after the network learns, and
how long one exchange takes. On another device than the emulator it first runs a short trial on both and compares every
bit; on the simulated chip, `rtl`, it measures an exchange from its first bit on the wire to its last as well.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import neurocorex as ncx
import numpy as np
from neurocorex.device.device import Device
from neurocorex.device.live import Live

#: Borders of the boxes: angle (rad) and its speed, place (m) and speed of the cart.
ANGLES, TURNS = (-0.1, -0.05, -0.02, -0.005, 0.005, 0.02, 0.05, 0.1), (-1.0, -0.4, -0.1, 0.1, 0.4, 1.0)
PLACES, SPEEDS = (-1.0, -0.3, 0.3, 1.0), (-0.8, -0.2, 0.2, 0.8)
POLE, CART = (len(ANGLES) + 1) * (len(TURNS) + 1), (len(PLACES) + 1) * (len(SPEEDS) + 1)
BOXES, NOISE, NEURONS = POLE + CART, 8, 8
#: What a reward compares: place, speed, angle and its speed, as the lean that a push should make smaller.
LEAN = np.array([0.1, 0.2, 1.0, 0.3])
MOST, EPISODES, TRIALS = 500, 12, 5
FORGET_ALL = 15


@dataclass
class Pole:
    """Pole of 1 m and 0.1 kg on a cart of 1 kg, pushed by 10 N, 20 ms at a time (Barto, Sutton and Anderson 1983)."""

    state: np.ndarray

    def push(self, right: bool) -> None:
        """Push once; the state is place, speed, angle, speed of the angle."""
        _, speed, angle, turn = self.state
        sine, cosine, mass = np.sin(angle), np.cos(angle), 1.1
        force = ((10.0 if right else -10.0) + 0.05 * turn**2 * sine) / mass
        twist = (9.8 * sine - cosine * force) / (0.5 * (4 / 3 - 0.1 * cosine**2 / mass))
        pushed = force - 0.05 * twist * cosine / mass
        self.state = self.state + 0.02 * np.array([speed, pushed, turn, twist])

    @property
    def fell(self) -> bool:
        """Whether the pole leans by more than 12 degrees, or the cart is at the end of its 4.8 m."""
        return bool(abs(self.state[0]) > 2.4 or abs(self.state[2]) > np.radians(12))

    @property
    def lean(self) -> float:
        """What rewards compare."""
        return abs(float(LEAN @ self.state))

    @property
    def boxes(self) -> list[int]:
        """Inputs that fire."""
        place, speed, angle, turn = self.state
        pole = np.searchsorted(ANGLES, angle) * (len(TURNS) + 1) + np.searchsorted(TURNS, turn)
        cart = np.searchsorted(PLACES, place) * (len(SPEEDS) + 1) + np.searchsorted(SPEEDS, speed)
        return [int(pole), POLE + int(cart)]


def build(seed: int) -> ncx.Network:
    """Return the network before it has learned: all boxes push about equally in either direction."""
    rng = np.random.default_rng([seed, 0])
    net = ncx.Network(inputs=BOXES + NOISE, neurons=NEURONS, dt_ms=10.0)
    net.connect(net.inputs[:BOXES], net.neurons, rng.uniform(0.4, 0.6, (BOXES, NEURONS)), plastic=True)
    net.connect(net.inputs[BOXES:], net.neurons, rng.uniform(-0.2, 0.2, (NOISE, NEURONS)))
    net.neurons.set(threshold=0.1, tau_ms=0, group=1)
    net.one_fires([1])
    net.learn(ncx.learning.stdp(
        10.0, 10.0, 0.2, -0.01, bounds=(0.0, 1.0), eligibility_tau_ms=float("inf"), seed=seed
    ))  # fmt: skip
    return net


@dataclass
class Controller:
    """Network that pushes, one tick of two steps for each push: the reward of the last one, then what it sees.

    Attributes
    ----------
    live : Live
        Stream to the chip.
    learns : bool
        Whether it is rewarded, and explores by noise.
    pushes : list of int
        Neurons that fired, -1 for none, tick by tick.
    seconds : list of float
        How long each exchange took.
    """

    live: Live
    learns: bool = True
    pushes: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def push(self, boxes: list[int], reward: float, rng: np.random.Generator) -> bool:
        """Return whether to push right; of neurons that none fires of, either."""
        spikes = np.zeros((2, BOXES + NOISE), bool)
        spikes[1, boxes] = True
        options = {}
        if self.learns:
            spikes[1, BOXES:] = rng.random(NOISE) < 0.5
            options = {"reward": reward, "changes": {0: {ncx.Control.FADE: FORGET_ALL}}}
        began = time.perf_counter()
        tick = self.live.exchange(spikes, **options)
        self.seconds.append(time.perf_counter() - began)
        self.pushes.append(int(tick.spikes[0]) if tick.spikes.size else -1)
        return self.pushes[-1] < NEURONS // 2 if tick.spikes.size else bool(rng.random() < 0.5)


def episode(controller: Controller | None, seed: list[int], *, scale: float = 1.0, most: int = MOST) -> int:
    """Let the pole fall; return how many pushes it stood. Without a controller pushes are random."""
    rng = np.random.default_rng(seed)
    pole, reward = Pole(rng.uniform(-0.05, 0.05, 4)), 0.0
    for count in range(most):
        right = rng.random() < 0.5 if controller is None else controller.push(pole.boxes, reward, rng)
        before = pole.lean
        pole.push(bool(right))
        reward = float(np.clip(7.0 * scale * (before - pole.lean), -1.0, 1.0))
        if pole.fell:
            return count + 1
    return most


def trials(controller: Controller | None, seed: int, count: int = TRIALS, most: int = MOST) -> float:
    """Return how many pushes the pole stands, in the mean."""
    return float(np.mean([episode(controller, [seed, 2, trial], most=most) for trial in range(count)]))


def learn(controller: Controller, seed: int, episodes: int = EPISODES, most: int = MOST) -> list[int]:
    """Learn for some episodes, by rewards that become smaller; return how many pushes each had."""
    return [episode(controller, [seed, 1, number], scale=1 / (1 + number / 5), most=most) for number in range(episodes)]


@dataclass(frozen=True)
class Outcome:
    """Pushes that the pole stood, in the mean: at random, before, in the first and last quarter of learning, after."""

    random: float
    before: float
    first: float
    last: float
    after: float


def balance(
    device: Device, seed: int, *, episodes: int = EPISODES, count: int = TRIALS, most: int = MOST
) -> tuple[Outcome, Controller]:
    """Measure one controller: frozen before it learns, while it learns, and frozen again."""
    device.load(build(seed))
    live = device.stream(steps_per_tick=2)
    device.learning(False)
    before = trials(Controller(live, learns=False), seed, count, most)
    device.learning(True)
    controller = Controller(live)
    curve = learn(controller, seed, episodes, most)
    device.learning(False)
    after = trials(Controller(live, learns=False), seed, count, most)
    part = max(episodes // 4, 1)
    first, last = float(np.mean(curve[:part])), float(np.mean(curve[-part:]))
    return Outcome(trials(None, seed, count, most), before, first, last, after), controller


def same(device: Device, seed: int = 0) -> bool:
    """Whether a device pushes as the emulator does, and learns the same weights, in a short trial."""
    found = []
    with ncx.open("emulator", config=device.config) as emulator:
        for each in (device, emulator):
            _, controller = balance(each, seed, episodes=3, count=1, most=40)
            found.append((controller.pushes, each.weights()))
    return found[0][0] == found[1][0] and bool(np.array_equal(found[0][1], found[1][1]))


# How long an exchange takes ----------------------------------------------------------------------


def kinds(device: Device) -> dict[str, Callable[[], object]]:
    """Return what exchanges bring: spikes alone for one step, or a reward and then spikes."""
    device.load(build(0))
    device.learning(True)
    short, long = device.stream(), device.stream(steps_per_tick=2)
    spikes = np.zeros((2, BOXES + NOISE), bool)
    spikes[1, [20, 70]] = True
    options = {"reward": 0.1, "changes": {0: {ncx.Control.FADE: FORGET_ALL}}}
    return {
        "spikes, 1 step": lambda: short.exchange([20, 70]),
        "reward, then spikes, 2 steps": lambda: long.exchange(spikes, **options),
    }


def seen_by_host(device: Device, count: int) -> None:
    """Print how long the host waits for an exchange."""
    for name, exchange in kinds(device).items():
        took = []
        for _ in range(count):
            began = time.perf_counter()
            exchange()
            took.append(time.perf_counter() - began)
        median, late = np.percentile(took, [50, 99]) * 1e6
        print(f"  {name:30} {median:8.0f} us in the median, {late:.0f} us at 99 %")


def on_the_wire(config: ncx.CoreConfig, count: int = 20) -> None:
    """Print what an exchange with the simulated chip takes, in cycles of its clock, and what that is elsewhere."""
    from neurocorex.device.wired import WiredChip
    from neurocorex.wire.process import ProcessTransport
    from neurocorex_sim.chip import build_chip

    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        transport = ProcessTransport([build_chip(config), "--report", report])
        with Device(WiredChip(transport)) as device:
            for name, exchange in kinds(device).items():
                exchange()
                bursts = _bursts(report, exchange, count)
                total = sum(burst["last"] - burst["first"] + 1 for burst in bursts) / count
                to_chip, from_chip = (sum(burst[way] for burst in bursts) / count for way in ("to_chip", "from_chip"))
                bits = 10 * (to_chip + from_chip)
                gates = total - bits * bursts[0]["divisor"]
                print(f"  {name}: {to_chip:.1f} bytes to the chip, {from_chip:.1f} back, {total:.0f} cycles in all")
                for baud, clock_hz in ((3e6, 12e6), (3e6, 80e6), (8e6, 80e6)):
                    wire, work = bits / baud * 1e6, gates / clock_hz * 1e6
                    print(
                        f"    calculated, {baud / 1e6:g} Mbaud, {clock_hz / 1e6:g} MHz: wire {wire:.1f} us + gates "
                        f"{work:.1f} us = {wire + work:.1f} us, of which the wire is {wire / (wire + work):.0%}"
                    )


def _bursts(report: Path, exchange: Callable[[], object], count: int) -> list[dict[str, int]]:
    """Return the bursts on the wire of so many exchanges, one each."""

    def lines(least: int) -> list[str]:
        for _ in range(1000):
            found = report.read_text().splitlines()
            if len(found) >= least:
                break
            time.sleep(0.01)
        return found

    before = len(lines(1))
    for number in range(count):
        exchange()
        lines(before + number + 1)  # the next one does not begin in the same burst
    return [json.loads(line) for line in lines(before + count)[before:]]


def main() -> None:
    """Balance, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("device", nargs="?", default="emulator")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--episodes", type=int, default=EPISODES)
    chosen = parser.parse_args()
    config = ncx.smallest_config(build(0))
    if chosen.device != "emulator":
        with ncx.open(chosen.device, config=config if chosen.device == "rtl" else None) as device:
            print(f"the same bits on {chosen.device} as on the emulator, in 3 episodes of 40 pushes: {same(device)}")
            print(f"an exchange with {chosen.device}, as this computer sees it:")
            seen_by_host(device, 50)
    if chosen.device == "rtl":
        print("an exchange with the simulated chip, from the first bit on the wire to the last:")
        on_the_wire(config)
    with ncx.open("emulator", config=config) as device:
        print(f"pushes that the pole stands, {MOST} at most, in the mean, on the emulator:")
        print("  seed  at random  untrained  first quarter  last quarter of learning  frozen after it")
        for seed in range(chosen.seeds):
            found, _ = balance(device, seed, episodes=chosen.episodes)
            print(
                f"  {seed:4}  {found.random:9.0f}  {found.before:9.0f}  {found.first:13.0f}  {found.last:24.0f}"
                f"  {found.after:15.0f}"
            )
        print("an exchange with the emulator, as this computer sees it:")
        seen_by_host(device, 2000)


if __name__ == "__main__":
    main()
