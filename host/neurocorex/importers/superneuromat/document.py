"""JSON files of SuperNeuroMAT's `saveas_json`, schema 0.1, read without trust.

A file is ``{"networks": [{"meta": {...}, "data": {...}, "name": ...}, ...]}``. Arrays are lists of numbers, or bytes in
base64 or base85 with their type. Decoded data are never larger than the file.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ... import files
from ...errors import FileFormatError, InputError
from .model import Model

#: Largest file in bytes.
FILE_LIMIT = 64 << 20
#: Types of encoded arrays: a byte order, and a letter or a kind with its bytes.
TYPE = re.compile(r"[<>=|]?(?:[?bBhHiIlLqQefd]|b1|[iu][1248]|f[248])\Z")
ENCODINGS: dict[str, Callable[[str], bytes]] = {"base64": base64.b64decode, "base85": base64.b85decode}


def read(path: str | Path, network: int | str = 0) -> Model:
    """Read one network of a file.

    Parameters
    ----------
    path : path
        The file.
    network : int or str
        Position or name of the network in it.

    Raises
    ------
    FileFormatError
        For a damaged or inconsistent file; the message names the neuron or synapse.
    """
    return parse(files.read_bytes(path, FILE_LIMIT), str(path), network)


def parse(data: bytes, name: str, network: int | str = 0) -> Model:
    """Read one network of a file that is in memory; see `read`. `name` goes into messages."""
    document = files.read_json(data, FILE_LIMIT, label=name, constants=True)
    networks = document.get("networks") if isinstance(document, dict) else None
    if not isinstance(networks, list) or not all(isinstance(each, dict) for each in networks):
        raise FileFormatError(f"{name} has no list of networks, so it is no SuperNeuroMAT model; use saveas_json")
    chosen = _chosen(networks, name, network)
    meta, values = chosen.get("meta"), chosen.get("data")
    if not isinstance(meta, dict) or meta.get("format") != "snm" or meta.get("type", "SNN") != "SNN":
        raise FileFormatError(f"{name} has a network that is not of SuperNeuroMAT's format 'snm', type 'SNN'")
    if not isinstance(values, dict):
        raise FileFormatError(f"{name} has a network without data; save it again")
    model = Model.of_values({key: _decoded(key, value, name) for key, value in values.items()}, name, FileFormatError)
    for key, count in (("num_neurons", model.neurons), ("num_synapses", len(model.weights))):
        if values.get(key, count) != count:
            raise FileFormatError(f"{name}: {key} is {values[key]!r:.40}, but there are {count}; save it again")
    return model


def _chosen(networks: list[dict[str, Any]], name: str, network: int | str) -> dict[str, Any]:
    if isinstance(network, str):
        named = [each for each in networks if each.get("name") == network]
    elif isinstance(network, int):
        named = networks[network : network + 1] if network >= 0 else []
    else:
        raise InputError(f"network is a position or a name, got {network!r}")
    if len(named) != 1:
        names = ", ".join(repr(each.get("name"))[:40] for each in networks[:8])
        raise FileFormatError(f"{name} has {len(named)} networks {network!r}; there are {len(networks)}, named {names}")
    return named[0]


def _decoded(key: str, value: Any, name: str) -> Any:
    """Decode an encoded entry; other entries are returned as they are."""
    encoding = next((each for each in ENCODINGS if isinstance(value, Mapping) and each in value), None)
    if encoding is None:
        return value
    kind = value.get("dtype", "<f8")
    if not isinstance(kind, str) or not TYPE.match(kind):
        raise FileFormatError(f"{name}: {key} has the type {kind!r:.40}, which is no kind of number")
    try:
        data = ENCODINGS[encoding](value[encoding])
        return np.frombuffer(data, np.dtype(kind))
    except (TypeError, ValueError) as error:
        raise FileFormatError(f"{name}: {key} cannot be decoded from {encoding} ({error}); save it again") from None
