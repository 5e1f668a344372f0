"""Refusals of the PyNN backend: errors that name what a chip does instead, understood by callers of PyNN as well."""

from __future__ import annotations

from typing import Any

from pyNN import errors as pynn_errors

from ..errors import InputError


class NotOnChipError(InputError, NotImplementedError, pynn_errors.NoModelAvailableError):
    """Model or option of PyNN that no chip computes; raised in place of PyNN's NotImplementedError."""


class WiringRefusedError(InputError, pynn_errors.ConnectionError):
    """Connection that cannot be made; raised in place of PyNN's ConnectionError."""


class ParameterRefusedError(InputError, pynn_errors.InvalidParameterValueError):
    """Value of a parameter that cannot be used; raised in place of PyNN's InvalidParameterValueError."""


def refused(model: type[Any], instead: str) -> type[Any]:
    """Return a class with the name of a standard model of PyNN that raises when it is instantiated.

    Parameters
    ----------
    model : type
        The model.
    instead : str
        What a chip does.
    """

    def refuse(self: Any, *args: Any, **parameters: Any) -> None:
        raise NotOnChipError(f"{model.__name__} is not what a chip computes; {instead}")

    return type(model.__name__, (), {"__init__": refuse, "__doc__": f"Not on a chip: {instead}."})
