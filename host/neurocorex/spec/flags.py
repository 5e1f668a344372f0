"""Flags of a chip: bits of a neuron's `FLAGS`, of the register `LEARNING`, and of `CLEAR`."""

from __future__ import annotations

from enum import IntFlag


class Flag(IntFlag):
    """Bits of `Region.FLAGS`, per neuron."""

    RESET_SUBTRACT = 1
    """On firing the membrane drops by the threshold, instead of going to the reset value."""
    REFRACTORY_HOLD = 2
    """While refractory the membrane stays at the reset value, instead of integrating."""
    RECORD_SPIKES = 4
    """Spikes of this neuron are sent to the host."""
    RECORD_MEMBRANE = 8
    """The membrane of this neuron is sent to the host after every step."""
    PLASTICITY_OFF = 16
    """Synapses onto this neuron do not learn."""
    ERROR_ALWAYS = 32
    """It learns from its error wherever its membrane is, instead of only within the threshold."""


FLAG_BITS = 6


class LearningFlag(IntFlag):
    """Bits of `Control.LEARNING`."""

    ENABLE = 1
    """Weights change, and drift. Traces go on in any case."""
    STOCHASTIC = 2
    """Changes are rounded by chance, instead of to zero."""
    SOFT = 4
    """Changes are scaled by the distance to the bound; only chips built with `soft_bounds`."""
    NEAREST_PRE = 8
    """A spike sets the trace of its axon to the increment, instead of adding it."""
    NEAREST_POST = 16
    """The same for the traces of neurons."""
    HOLD_FIRING = 32
    """Neurons fire only when they are forced to."""
    ERRORS = 64
    """Weights change by errors, at `Control.LEARN`, instead of by spikes; only chips built with `errors`."""
    ELIGIBLE = 128
    """Spikes change eligibilities instead of weights; only chips built with `eligibility`."""


LEARNING_FLAG_BITS = 8


class JudgeFlag(IntFlag):
    """Bits of `Control.JUDGE`."""

    JUDGE = 1
    """The next step is a judgement."""
    IF_WRONG = 2
    """It praises only where another neuron was the winner."""


JUDGE_FLAG_BITS = 2


class Clear(IntFlag):
    """What `Op.CLEAR`, or `CLEAR` in a stimulus (there all but the counters), sets to zero, or to none."""

    STATE = 1
    """Membranes, currents, refractory counts and histories."""
    COUNTERS = 2
    TRACES = 4
    """Traces of axons and neurons."""
    ADAPTATION = 8
    """Adaptation of the thresholds."""
    ERRORS = 16
    """Errors of the neurons."""
    WINNERS = 32
    """First neurons to fire, which become none."""
    TALLIES = 64
    """Counts of spikes and the number of the step, and what was the first or has most, which becomes none."""
