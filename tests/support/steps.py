"""Random steps of a stimulus."""

from hypothesis import strategies as st
from neurocorex.spec import Graded, Step
from neurocorex.spec.events import Change, Cleared, Set


def changes() -> st.SearchStrategy[Change]:
    byte = st.integers(0, 255)
    return st.one_of(st.builds(Cleared, byte), st.builds(Set, byte, st.integers(0, (1 << 32) - 1)))


def steps_of(events: int = 600) -> st.SearchStrategy[list[Step]]:
    indices = st.sets(st.integers(0, events), max_size=5).map(sorted).map(tuple)
    values = st.integers(-(1 << 23), (1 << 23) - 1)
    graded = st.dictionaries(st.integers(0, 4095), st.tuples(values, st.booleans()), max_size=3).map(
        lambda entries: tuple(Graded(neuron, *entry) for neuron, entry in sorted(entries.items()))
    )
    step = st.builds(Step, indices, graded, st.lists(changes(), max_size=3).map(tuple))
    return st.lists(st.one_of(st.just(Step()), step), max_size=12)
