"""Run in which everything that a checkpoint has to keep is in use; as a program: one that kills itself on its way."""

import os
import signal
import sys
import warnings

import neurocorex as ncx
import numpy as np
from neurocorex.image import Image
from neurocorex.learning import stdp
from neurocorex.spec.registers import MODEL_COUNTERS

STEPS, SAMPLES = 90, 3
EVERY = 40


def lesson() -> Image:
    """A network that learns with random rounding, adapts, and has delays."""
    net = ncx.Network(inputs=6, neurons=5)
    rng = np.random.default_rng(3)
    net.connect(net.inputs, net.neurons, rng.uniform(0, 0.6, (6, 5)))
    net.connect(net.neurons, net.neurons, rng.uniform(-0.4, 0.4, (5, 5)))
    net.neurons.set(threshold=1.0, tau_ms=10.0, refractory_ms=2.0, delay_ms=3.0)
    net.adaptation(step=0.1, tau_ms=30.0)
    net.plastic[:6] = True
    net.learn(stdp(20, 20, 0.05, -0.055, bounds=(0.0, 1.0), stochastic=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ncx.quantise(net)[0]


def work() -> dict:
    """Arguments of the run."""
    rng = np.random.default_rng(4)
    return {
        "spikes": rng.random((SAMPLES, STEPS, 6)) < 0.2,
        "inject": np.where(rng.random((SAMPLES, STEPS, 5)) < 0.05, 0.5, 0.0),
        "teacher": rng.random((SAMPLES, STEPS, 5)) < 0.02,
        "record": {"spikes": True, "v": [0, 3]},
        "snapshot_every": 30,
        "modulation": {40: 0.5, 130: 1.0},
        "gate": {85: 3, 170: None},
        "adaptation": {0: False, 100: True},
        "units": "network",
    }


def assert_equal(result: ncx.Result, expected: ncx.Result) -> None:
    """Every bit of a result, and all counters that the stimulus determines."""
    for name in ("spikes", "v_items", "weight_items", "weight_steps", "weight_gains", "spike_counts"):
        assert np.array_equal(getattr(result, name), getattr(expected, name)), name
    for counter in MODEL_COUNTERS:
        assert result.counters[counter.name.lower()] == expected.counters[counter.name.lower()], counter


def kill_at(call: int) -> None:
    """Kill this process as the disk is about to be written to for the n-th time."""
    left = [call]

    def deadly(function):
        def called(*arguments, **options):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return called

    for name in ("fsync", "replace"):
        setattr(os, name, deadly(getattr(os, name)))


if __name__ == "__main__":
    path, image, call = sys.argv[1:4]
    kill_at(int(call))
    warnings.simplefilter("ignore")
    with ncx.open("emulator") as device:
        device.load(Image.load(image))
        device.run(**work(), checkpoint=path, checkpoint_every=EVERY)
