"""Digits from rates and winners: the same answers over a wire, in one process, and from a chip without any of it."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.demos import digits
from neurocorex.demos import digits_on_chip as job
from neurocorex.errors import InputError


def answered(config: ncx.CoreConfig, images: int | None, *, by_wire: bool = False, stored: bool = False) -> job.OnChip:
    with ncx.open("emulator", config=config, by_wire=by_wire) as device:
        job.load(device)
        return job.evaluate(device, images, progress=False, stored=stored)


def test_rates_of_sixteen_bits_give_the_answers_of_the_spike_trains() -> None:
    found = answered(job.config(rate_bits=16), None)
    assert np.array_equal(found.predictions, job.by_spikes())
    assert found.accuracy > 0.98


def test_answers_are_the_same_by_rates_by_number_and_by_the_host() -> None:
    wired = answered(job.config(patterns=40), 40, by_wire=True)
    played = answered(job.config(patterns=40), 40, by_wire=True, stored=True)
    plain = answered(digits.image().config, 40, by_wire=True)
    for other in (played, plain, answered(job.config(), 40)):
        assert np.array_equal(wired.predictions, other.predictions)
    assert [(each.input, each.output) for each in (wired, played, plain)] == [
        ("rates", "winner"), ("patterns", "winner"), ("spikes", "spikes")
    ]  # fmt: skip
    # Rates are 64 bytes; a number needs few, and so does a winner.
    assert wired.bytes_per_image is not None
    assert played.bytes_per_image is not None
    assert 64 < wired.bytes_per_image[0] < 90
    assert played.bytes_per_image[0] < 24
    assert max(wired.bytes_per_image[1], played.bytes_per_image[1]) < 24


@pytest.mark.parametrize("images", [0, 595])
def test_images_out_of_range_are_refused(images: int) -> None:
    with pytest.raises(InputError, match="images must be from 1 to 594"):
        answered(job.config(), images)


def test_group_may_be_written_where_the_network_that_was_loaded_has_none() -> None:
    with ncx.open("emulator", config=job.config(), by_wire=True) as device:
        device.load(digits.image())
        result = device.run(spikes=digits.encode(digits.load_data()[2][:2]), record="winner", progress=False)
        assert result.winners.shape == (2,)
