"""Random papers that cite each other, as files of the MicroSeer demo."""

import numpy as np

TOPICS = ("Agents", "Bugs", "Chips")


def write_papers(folder, seed=0, papers=24):
    """Random papers that cite papers of their own topic more often than others."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(len(TOPICS), size=papers)
    split = np.where(rng.random(papers) < 0.4, "train", "test")
    lines = [f"p{k},{TOPICS[topic[k]]},{split[k]}" for k in range(papers)]
    (folder / "papers.csv").write_text("\n".join(["paper,topic,split", *lines]))
    pairs = [(a, b) for a in range(papers) for b in range(papers) if a != b]
    cites = [(a, b) for a, b in pairs if rng.random() < (0.12 if topic[a] == topic[b] else 0.02)]
    (folder / "citations.csv").write_text("\n".join(["paper,cited", *(f"p{a},p{b}" for a, b in cites)]))
    return folder
