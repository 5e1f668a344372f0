"""Changes of a stream: judgements, silence, and registers that get a value for each step."""

import numpy as np
import pytest
from neurocorex.errors import InputError
from neurocorex.events.changing import GROUPS
from neurocorex.events.stream import EventStream
from neurocorex.spec import Control, JudgeFlag


def changes(stream):
    return list(zip(*(column.tolist() for column in stream.columns[6:]), strict=True))


def test_a_judgement_is_a_label_and_a_flag():
    both = int(JudgeFlag.JUDGE | JudgeFlag.IF_WRONG)
    stream = EventStream(9).judging([2, 5], [3, 1])
    wanted = [(2, Control.LABEL, 3), (2, Control.JUDGE, both), (5, Control.LABEL, 1), (5, Control.JUDGE, both)]
    assert sorted(changes(stream)) == sorted((step, int(register), value) for step, register, value in wanted)
    assert (4, int(Control.JUDGE), int(JudgeFlag.JUDGE)) in changes(EventStream(9).judging(4, 1, if_wrong=False))


def test_silence_is_a_bit_for_each_group():
    stream = EventStream(9).silencing([1, 4], [[1, 3], []]).silencing(6, [0])
    assert changes(stream) == [(1, Control.SILENT, 0b1010), (4, Control.SILENT, 0), (6, Control.SILENT, 1)]
    assert changes(EventStream(9).silencing(2, ())) == [(2, Control.SILENT, 0)]


def test_a_register_gets_a_value_for_each_step():
    stream = EventStream(9).setting([7, 2], Control.MODULATION, [-256, 5])
    assert changes(stream) == [(2, Control.MODULATION, 5), (7, Control.MODULATION, (1 << 32) - 256)]
    assert changes(EventStream(9).setting([1, 2], Control.LABEL, 4)) == [(1, Control.LABEL, 4), (2, Control.LABEL, 4)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda stream: stream.judging(9, 1), "a judgement names step 9 of a stream of 9 steps"),
        (lambda stream: stream.judging([1, 1], 1), "hold one twice"),
        (lambda stream: stream.judging([1, 2, 3], [1, 2]), "3 steps of changes need one value, or 3; got 2"),
        (lambda stream: stream.judging(1, GROUPS + 1), f"groups from 0 to {GROUPS}"),
        (lambda stream: stream.judging(1, 0.5), "must be one row of integers"),
        (lambda stream: stream.silencing(1, [GROUPS + 1]), "silent groups are 0"),
        (lambda stream: stream.silencing([1, 2], [[1], [2], [3]]), "2 steps of changes need one value, or 2; got 3"),
        (lambda stream: stream.setting([1, 2], Control.LABEL, np.zeros(2)), "must be one row of integers"),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        change(EventStream(9))
