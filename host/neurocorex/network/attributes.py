"""Checked names of attributes and keywords: an unknown one is an error that names the nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import ClassVar, Never, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `name`; None if none is."""
    from difflib import get_close_matches  # only errors need it, and it slows down every start

    found = get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.5)
    return found[0] if found else None


def unknown_keyword(function: str, name: str, known: Iterable[str]) -> TypeError:
    """Return the error for a keyword that a function does not take."""
    known = sorted(known)
    close = nearest(name, known)
    advice = f"did you mean {close!r}?" if close else f"it takes {', '.join(known)}"
    return TypeError(f"{function} has no keyword {name!r}; {advice}")


def checked_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function so that an unknown keyword is an error that names the nearest."""
    code = function.__code__
    known = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]) - {"self"}

    @wraps(function)
    def checked(*args: P.args, **keywords: P.kwargs) -> R:
        for name in keywords.keys() - known:
            raise unknown_keyword(function.__qualname__.removesuffix(".__init__"), name, known)
        return function(*args, **keywords)

    return checked


class Sealed:
    """Base of objects that take no attributes but those that their class annotates.

    Attributes
    ----------
    _fixed : mapping of str to str
        Attributes that are set once, and how to choose their value instead of assigning it.
    _elsewhere : mapping of str to str
        Names that are no attributes, but can be set in another way, and that way.
    """

    _fixed: ClassVar[Mapping[str, str]] = {}
    _elsewhere: ClassVar[Mapping[str, str]] = {}

    def __setattr__(self, name: str, value: Never) -> None:  # Never: type checkers go on refusing unknown names
        kind = type(self)
        annotated = {
            each for base in kind.__mro__ for each in vars(base).get("__annotations__", {}) if each not in vars(base)
        }
        if name in self._fixed and name in vars(self):
            raise AttributeError(f"{name} is fixed; {self._fixed[name]}")
        if name not in annotated:
            raise AttributeError(self._unknown(name, annotated))
        object.__setattr__(self, name, value)

    def _unknown(self, name: str, annotated: set[str]) -> str:
        kind = type(self).__name__
        annotated = {each for each in annotated if not each.startswith("_")}
        if name in self._elsewhere:
            return f"{name} is no attribute of {kind}; {self._elsewhere[name]}"
        if hasattr(self, name):
            return f"{name} of {kind} cannot be assigned"
        close = nearest(name, annotated | self._elsewhere.keys())
        if close is None:
            return f"{kind} has no attribute {name!r}; it has {', '.join(sorted(annotated))}"
        way = self._elsewhere.get(close) or self._fixed.get(close)
        return f"{kind} has no attribute {name!r}; did you mean {close!r}?{f' Then {way}' if way else ''}"
