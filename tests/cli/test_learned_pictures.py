"""Pictures of the demonstrations that learn digits; what cannot be drawn is refused before the lessons."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from neurocorex.demos.picture import draw


@pytest.mark.parametrize("name", ["digits-stdp", "digits-unsupervised"])
def test_picture_of_learned_digits(name, invoke, tmp_path):
    picture = tmp_path / "learned.png"
    code, out, err = invoke("demo", name, "--images", 3, "--picture", picture, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["picture"] == str(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_learned_digits_are_drawn_with_their_classes():
    weights = np.random.default_rng(1).integers(-127, 128, (64 + 96, 96))
    classes = np.arange(96) % 11 - 1
    outcome = SimpleNamespace(
        weights=weights, inputs=64, neurons=96, names=classes, facts={"digits": classes}, curve=[],
        labels=np.array([2, 3]), predictions=np.array([-1, 3]),
    )  # fmt: skip
    axes = draw(outcome).axes
    (fields,) = (axis for axis in axes if len(axis.images) == 96)
    (confusion,) = (axis for axis in axes if axis.get_ylabel() == "true class")
    assert np.array_equal([image.get_array().ravel() for image in fields.images], weights[:64].T)
    assert [text.get_text() for text in fields.texts] == ["-" if number < 0 else str(number) for number in classes]
    assert confusion.get_title("left") == "test images: 1 of 2 right: 50.00%"
    assert confusion.images[0].get_array().shape == (10, 11)


@pytest.mark.parametrize(
    ("file", "code", "message"),
    [
        ("learned.xyz", 3, "is no kind of picture; take one of"),
        ("missing/learned.png", 4, "there is no folder"),
    ],
)  # fmt: skip
def test_picture_that_cannot_be_written_is_refused_before_the_lessons(
    file, code, message, invoke, tmp_path, monkeypatch
):
    monkeypatch.setattr("neurocorex.demos.digits_stdp.learn", None)
    got, out, err = invoke("demo", "digits-stdp", "--picture", tmp_path / file)
    assert (got, out) == (code, "")
    assert message in err
