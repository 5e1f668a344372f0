"""MicroSeer demonstration: files, ties, and answers and weights equal to those of SuperNeuroMAT."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.demos import microseer
from neurocorex.errors import FileFormatError
from neurocorex.importers.superneuromat import from_superneuromat
from support.papers import TOPICS, write_papers


@pytest.fixture
def papers(tmp_path):
    return microseer.Papers.load(write_papers(tmp_path))


def test_citations_count_once(tmp_path):
    (tmp_path / "papers.csv").write_text("paper,topic,split\na,X,train\nb,Y,test\n")
    (tmp_path / "citations.csv").write_text("paper,cited\na,b\nb,a\na,a\n")
    assert microseer.Papers.load(tmp_path).citations == ((0, 1),)


@pytest.mark.parametrize(
    ("papers", "citations", "said"),
    [
        ("paper,topic\na,X\n", "paper,cited\n", "needs the columns paper, topic, split"),
        ("paper,topic,split\na,X,test\n", "paper,cited\na,z\n", "line 2 .* names paper 'z'"),
    ],
    ids=["column", "paper"],
)
def test_wrong_files_are_refused(tmp_path, papers, citations, said):
    (tmp_path / "papers.csv").write_text(papers)
    (tmp_path / "citations.csv").write_text(citations)
    with pytest.raises(FileFormatError, match=said):
        microseer.Papers.load(tmp_path)


def test_ties_go_to_the_topic_with_most_training_papers(tmp_path):
    (tmp_path / "papers.csv").write_text(
        "paper,topic,split\na,X,train\nb,Y,train\nc,Y,train\nd,Z,train\ne,X,test\nf,W,test\n"
    )
    (tmp_path / "citations.csv").write_text("paper,cited\n")
    papers = microseer.Papers.load(tmp_path)
    assert [papers.topics[topic] for topic in papers.preference] == ["Y", "X", "Z", "W"]
    weights = np.zeros((papers.neurons, papers.neurons))
    assert papers.answer(weights, 4) == (papers.topics.index("Y"), 4)
    weights[4, 6 + papers.topics.index("Z")] = 1
    assert papers.answer(weights, 4) == (papers.topics.index("Z"), 1)


def test_numbers_of_the_network_are_whole(papers):
    image = microseer.build(papers)
    weights = image.regions[ncx.spec.Region.WEIGHTS]
    assert set(np.unique(weights)) == {0, 10, 10_000, 20_000}
    assert image.scale == microseer.SCALE


@pytest.mark.parametrize("seed", range(3))
def test_answers_and_weights_are_those_of_superneuromat(tmp_path, seed):
    papers = microseer.Papers.load(write_papers(tmp_path, seed))
    with ncx.open("emulator") as device:
        outcome = microseer.classify(device, papers)
    assert outcome.shown == papers.test
    assert np.array_equal(outcome.answers, microseer.superneuromat_answers(papers, outcome.shown))
    assert outcome.accuracy > 1 / len(TOPICS)


def test_importing_the_model_of_superneuromat_gives_the_same_network(papers):
    paper = papers.test[0]
    imported = from_superneuromat(microseer.superneuromat_model(papers, paper, citation=microseer.CITATION))
    image = microseer.build(papers)
    assert imported.scale == microseer.SCALE
    assert all(np.array_equal(imported.image.regions[region], values) for region, values in image.regions.items())
    with ncx.open("emulator") as device:
        device.load(imported.image)
        device.run(microseer.STEPS, spikes=imported.stimulus)
        weights = device.weights(units="chip")[1:]
        outcome = microseer.classify(device, papers, limit=1)
    assert np.array_equal(weights, outcome.weights[0])


def test_every_paper_begins_with_the_same_weights(papers):
    with ncx.open("emulator") as device:
        whole = microseer.classify(device, papers)
        again = microseer.classify(device, papers, limit=2)
    assert np.array_equal(again.weights, whole.weights[:2])
    assert again.shown == papers.test[:2]
