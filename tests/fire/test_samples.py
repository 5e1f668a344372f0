"""Samples of every campaign of `make fire`."""

from __future__ import annotations

import pytest
from support.samples import more_with_long

from fire.campaign import Work
from fire.catalogue import cases
from fire.runner import main

SAMPLES = [name for name, case in cases().items() if case.sample]
#: Readers under libFuzzer in every run of the tests: of bytes from a line, arrays, text, and of other tools.
COVERED = {f"coverage.{name}" for name in ("requests", "responses", "image", "result_as_text", "SuperNeuroMAT", "NIR")}


def test_readers_of_every_run_are_there():
    assert set(SAMPLES) >= COVERED


@pytest.mark.parametrize(
    "name",
    more_with_long(SAMPLES, *(name for name in SAMPLES if name.startswith("coverage.") and name not in COVERED)),
)
def test_campaign_finds_nothing(name, capfd):
    failed = main([name, "--sample", "--jobs", "1"])
    assert not failed, capfd.readouterr().out


def test_failures_are_counted_and_some_are_kept():
    case = cases()["frames.emulator"]
    work = Work(case, seed=7, count=20, first=3)
    for number in work.tries():
        work.expect(number == 5, "it broke", number)
    assert (work.done, work.failed, len(work.failures)) == (20, 19, 10)
    assert work.failures[0].endswith("python -m fire frames.emulator --seed 7 --first 3 --count 1")


def test_tries_are_the_same_whenever_they_are_made():
    work = Work(cases()["frames.emulator"], seed=1)
    assert work.random(3).random() == work.random(3).random() != work.random(4).random()
