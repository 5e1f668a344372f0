"""What a report says of an image beside its numbers."""

from __future__ import annotations

from ..image import Image
from .contexts import contexts_told
from .fades import fades_told
from .inputs import delays_told
from .judging import exclusion_told
from .sums import sums_told


def remarks(image: Image) -> list[str]:
    """Return the lines: delays of inputs, groups of which one fires, what fades, sums of weights, contexts."""
    tellers = (delays_told, exclusion_told, fades_told, sums_told, contexts_told)
    return [line for told in tellers for line in told(image)]
