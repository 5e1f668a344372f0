"""Remarks on a run: what its counters say of a learning rule that could not act as its report says."""

from __future__ import annotations

from collections.abc import Mapping

from ..image import Image
from ..quantiser.imagerows import learns_by_errors
from ..quantiser.notice import tell
from ..quantiser.room import ROOMS

#: Part of the spikes of a side whose rise of a trace was cut short, above which it matters.
FULL = 0.01
#: Remarks on full traces.
UNPAIRED = (
    "traces of the learning rule were full, so pairs of spikes changed weights less than the rule says (counter "
    "full_traces): state pre_rate_hz and post_rate_hz of the rule, or give accumulate= the spikes of a burst"
)
UNCOUNTED = (
    "traces of the rule of errors were full, so some spikes did not count (counter full_traces, of all axons): clear "
    "traces between lessons, run(clear={20: Clear.TRACES}), or give accumulate= the most spikes of a lesson"
)
#: End of the remark on saturated states, where errors count among them.
GATHERED = "; or errors did, as too many came from one LEARN to the next"
#: Key of `Image.meta`, true if the rule of a model has no bounds, so that none should be reached.
UNBOUNDED = "unbounded"


def remarks(counters: Mapping[str, int], image: Image | None) -> list[str]:
    """Return what was lost in a run, and the remedy, a line each; nothing for an image that no rule was quantised for.

    Parameters
    ----------
    counters : mapping of str to int
        What was added to each counter of a chip in the run.
    image : Image or None
        What the chip was loaded with.
    """
    if image is None or not counters or "dt_ms" not in image.meta:
        return []
    found = []
    by_errors = learns_by_errors(image)
    # The counter does not tell the sides apart; the one with fewer spikes may have all of it.
    rises = [counters["input_events"] + counters["recurrent_events"], *([] if by_errors else [counters["spikes"]])]
    least = min((count for count in rises if count), default=0)
    learned = counters["potentiations"] + counters["depressions"]
    if ROOMS in image.meta and learned and counters.get("full_traces", 0) > FULL * least:
        found.append(UNCOUNTED if by_errors else UNPAIRED)
    if counters.get("drift_clips", 0):
        found.append(
            "weights stood at the end of their range when the drift of the rule took them further, and came back from "
            "there (counter drift_clips): take wider weights, a smaller scale, or bounds"
        )
    # What loaded a state of its own, as the importer of SuperNeuroMAT does, tells that itself.
    if counters.get("saturations", 0) and not image.is_snapshot:
        found.append(
            "states of neurons reached the end of their range (counter saturations): lower the scale, take more state "
            f"bits, or less drive{GATHERED if image.config.errors else ''}"
        )
    if image.meta.get(UNBOUNDED) and (counters.get("clips_high", 0) or counters.get("clips_low", 0)):
        found.append(
            "weights that learned reached the end of their range, which the model does not have (counters clips_high, "
            "clips_low): take wider weights, a smaller scale, or smaller taps"
        )
    return found


def tell_of_run(counters: Mapping[str, int], image: Image | None) -> None:
    """Tell the remarks on a run, each once for a network."""
    if image is not None and (found := remarks(counters, image)):
        tell(found, image)
