"""Coefficients of the estimates, by `python benchmarks/planner.py --write`; change nothing here by hand."""

from __future__ import annotations

from ..spec.parts import Family

#: LUTs, flip-flops and multipliers for each unit of `neurocorex.planning.estimate.features`.
COEFFICIENTS: dict[Family, dict[str, dict[str, float]]] = {
    Family.ICE40: {
        "lut": {"one": 2800.0, "lanes": 120.0, "learning": 1500.0, "learning lanes": 300.0},
        "ff": {"one": 2000.0, "lanes": 60.0, "learning": 800.0, "learning lanes": 130.0},
        "dsp": {"one": 3.0, "learning": 3.0, "learning lanes": 1.0},
    },
    Family.ECP5: {
        "lut": {"one": 3000.0, "lanes": 120.0, "learning": 1500.0, "learning lanes": 300.0},
        "ff": {"one": 2000.0, "lanes": 60.0, "learning": 800.0, "learning lanes": 130.0},
        "dsp": {"one": 3.0, "learning": 5.0, "learning lanes": 1.0},
    },
    Family.GOWIN: {
        "lut": {"one": 3000.0, "lanes": 120.0, "learning": 1500.0, "learning lanes": 300.0},
        "ff": {"one": 2000.0, "lanes": 60.0, "learning": 800.0, "learning lanes": 130.0},
        "dsp": {"one": 3.0, "learning": 5.0, "learning lanes": 1.0},
    },
    Family.XC7: {
        "lut": {"one": 3000.0, "lanes": 120.0, "learning": 1500.0, "learning lanes": 300.0},
        "ff": {"one": 2000.0, "lanes": 60.0, "learning": 800.0, "learning lanes": 130.0},
        "dsp": {"one": 3.0, "learning": 5.0, "learning lanes": 1.0},
    },
}

#: Largest error of the estimated LUTs against the builds that they were fitted to, as a part of these.
MARGIN: dict[Family, float] = {Family.ICE40: 0.3, Family.ECP5: 0.3, Family.GOWIN: 0.3, Family.XC7: 0.3}
