"""The digits that snnTorch learned keep their accuracy on a chip."""

import os
from pathlib import Path

import neurocorex as ncx
import numpy as np
from neurocorex.demos import digits

DATA = Path(os.environ.get("NIR_RECORDINGS", Path(__file__).parent / "nir"))


def test_8_bits_are_within_a_point_of_the_accuracy_that_snntorch_had():
    _, _, images, labels = digits.load_data()
    spikes = digits.encode(images)
    model = ncx.from_nir(DATA / "snntorch_digits.nir", producer="snntorch", reset="zero", weight_bits=8)
    with ncx.open("emulator") as device:
        device.load(model.image)
        result = device.run(steps=spikes.shape[1] + model.latency, spikes=spikes)
    wanted = np.mean(np.load(DATA / "snntorch_digits.npz")["answers"] == labels)
    got = np.mean(digits.classify(model.spikes(result)) == labels)
    assert wanted > 0.94
    assert abs(got - wanted) <= 0.01
