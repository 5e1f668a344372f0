"""Coefficients of the estimates, by `python benchmarks/planner.py --build --write`; change nothing here by hand."""

from __future__ import annotations

from ..spec.parts import Family

#: LUTs and flip-flops for each unit of `neurocorex.planning.estimate.features`.
COEFFICIENTS: dict[Family, dict[str, dict[str, float]]] = {
    Family.ICE40: {
        "lut": {
            "one": 2308.9185,
            "address bits": 100.5928,
            "state bits": 52.6751,
            "lanes": 64.4512,
            "lane bits": 6.8508,
            "learning": 987.9286,
            "learning lanes": 78.8315,
            "learning lane bits": 26.9084,
            "window": 114.0962,
            "extra axons": 296.7806,
            "soft bounds": 192.7295,
        },
        "ff": {
            "one": 2037.6484,
            "address bits": 0.0,
            "state bits": 23.6974,
            "lanes": 0.0,
            "lane bits": 7.3608,
            "learning": 852.7788,
            "learning lanes": 0.0,
            "learning lane bits": 8.827,
            "window": 0.0,
            "extra axons": 108.9392,
            "soft bounds": 155.8321,
        },
    },
    Family.ECP5: {
        "lut": {
            "one": 2048.5296,
            "address bits": 300.3732,
            "state bits": 35.6279,
            "lanes": 43.0529,
            "lane bits": 4.0987,
            "learning": 642.7776,
            "learning lanes": 58.3559,
            "learning lane bits": 25.4433,
            "window": 121.4172,
            "extra axons": 315.8237,
            "soft bounds": 205.0961,
        },
        "ff": {
            "one": 2748.2009,
            "address bits": 12.3464,
            "state bits": 30.5608,
            "lanes": 0.0,
            "lane bits": 9.7743,
            "learning": 1128.9344,
            "learning lanes": 0.0,
            "learning lane bits": 11.778,
            "window": 0.0,
            "extra axons": 148.8785,
            "soft bounds": 212.9632,
        },
    },
    Family.GOWIN: {
        "lut": {
            "one": 2521.1761,
            "address bits": 109.8402,
            "state bits": 57.5175,
            "lanes": 70.3762,
            "lane bits": 7.4806,
            "learning": 1078.7484,
            "learning lanes": 86.0784,
            "learning lane bits": 29.3821,
            "window": 124.585,
            "extra axons": 324.0634,
            "soft bounds": 210.447,
        },
        "ff": {
            "one": 2408.043,
            "address bits": 0.0,
            "state bits": 28.005,
            "lanes": 0.0,
            "lane bits": 8.6988,
            "learning": 1007.7932,
            "learning lanes": 0.0,
            "learning lane bits": 10.4315,
            "window": 0.0,
            "extra axons": 128.7417,
            "soft bounds": 184.1585,
        },
    },
    Family.XC7: {
        "lut": {
            "one": 1044.3387,
            "address bits": 45.4988,
            "state bits": 23.8253,
            "lanes": 29.1517,
            "lane bits": 3.0987,
            "learning": 446.8465,
            "learning lanes": 35.656,
            "learning lane bits": 12.1709,
            "window": 51.6064,
            "extra axons": 134.2358,
            "soft bounds": 87.1728,
        },
        "ff": {
            "one": 2285.2055,
            "address bits": 0.0,
            "state bits": 26.5764,
            "lanes": 0.0,
            "lane bits": 8.255,
            "learning": 956.3843,
            "learning lanes": 0.0,
            "learning lane bits": 9.8994,
            "window": 0.0,
            "extra axons": 122.1744,
            "soft bounds": 174.7644,
        },
    },
}

#: Largest error of the estimated LUTs against the builds that they were fitted to, as a part of these.
MARGIN: dict[Family, float] = {Family.ICE40: 0.13, Family.ECP5: 0.15, Family.GOWIN: 0.15, Family.XC7: 0.15}
