"""Coefficients of the estimates, by `python benchmarks/planner.py --build --write`; change nothing here by hand."""

from __future__ import annotations

from ..spec.parts import Family

#: LUTs and flip-flops for each unit of `neurocorex.planning.estimate.features`.
COEFFICIENTS: dict[Family, dict[str, dict[str, float]]] = {
    Family.ICE40: {
        "lut": {
            "one": 4899.197,
            "address bits": -91.15,
            "state bits": 51.8719,
            "lanes": 12.6311,
            "lane bits": 11.9045,
            "learning": 650.8671,
            "learning lanes": 119.797,
            "learning lane bits": 24.0058,
            "window": 262.8833,
            "extra axons": 273.3248,
            "soft bounds": 208.2125,
        },
        "ff": {
            "one": 1763.4703,
            "address bits": 0.3062,
            "state bits": 34.9771,
            "lanes": 12.5377,
            "lane bits": 6.3785,
            "learning": 437.3818,
            "learning lanes": 105.8432,
            "learning lane bits": 6.4009,
            "window": 13.9722,
            "extra axons": -171.0363,
            "soft bounds": 122.5642,
        },
    },
    Family.ECP5: {
        "lut": {
            "one": 5920.1899,
            "address bits": -110.1457,
            "state bits": 62.682,
            "lanes": 15.2634,
            "lane bits": 14.3854,
            "learning": 786.5079,
            "learning lanes": 144.7627,
            "learning lane bits": 29.0086,
            "window": 317.6682,
            "extra axons": 330.2858,
            "soft bounds": 251.6039,
        },
        "ff": {
            "one": 2056.4741,
            "address bits": 0.3571,
            "state bits": 40.7886,
            "lanes": 14.6208,
            "lane bits": 7.4383,
            "learning": 510.0536,
            "learning lanes": 123.4292,
            "learning lane bits": 7.4644,
            "window": 16.2937,
            "extra axons": -199.4543,
            "soft bounds": 142.9285,
        },
    },
    Family.GOWIN: {
        "lut": {
            "one": 5391.3567,
            "address bits": -100.3067,
            "state bits": 57.0828,
            "lanes": 13.9,
            "lane bits": 13.1004,
            "learning": 716.2514,
            "learning lanes": 131.8314,
            "learning lane bits": 26.4173,
            "window": 289.2918,
            "extra axons": 300.7823,
            "soft bounds": 229.1289,
        },
        "ff": {
            "one": 2294.1565,
            "address bits": 0.3984,
            "state bits": 45.5029,
            "lanes": 16.3107,
            "lane bits": 8.298,
            "learning": 569.0044,
            "learning lanes": 137.6949,
            "learning lane bits": 8.3271,
            "window": 18.1768,
            "extra axons": -222.5067,
            "soft bounds": 159.4478,
        },
    },
    Family.XC7: {
        "lut": {
            "one": 4899.197,
            "address bits": -91.15,
            "state bits": 51.8719,
            "lanes": 12.6311,
            "lane bits": 11.9045,
            "learning": 650.8671,
            "learning lanes": 119.797,
            "learning lane bits": 24.0058,
            "window": 262.8833,
            "extra axons": 273.3248,
            "soft bounds": 208.2125,
        },
        "ff": {
            "one": 1763.4703,
            "address bits": 0.3062,
            "state bits": 34.9771,
            "lanes": 12.5377,
            "lane bits": 6.3785,
            "learning": 437.3818,
            "learning lanes": 105.8432,
            "learning lane bits": 6.4009,
            "window": 13.9722,
            "extra axons": -171.0363,
            "soft bounds": 122.5642,
        },
    },
}

#: Largest error of the estimated LUTs against the builds that they were fitted to, as a part of these.
MARGIN: dict[Family, float] = {Family.ICE40: 0.11, Family.ECP5: 0.02, Family.GOWIN: 0.02, Family.XC7: 0.3}
