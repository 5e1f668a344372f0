"""Convolutions and pools become the matrices that a plain loop over their windows gives."""

import itertools

import numpy as np
import pytest
from neurocorex.errors import InputError
from neurocorex.importers.nir.linear import apply, constant
from neurocorex.importers.nir.node import Node


def slid(weight, x, stride, padding, dilation, groups):
    """Convolution of one image [channels, high, wide], one number after the other."""
    x = np.pad(x, [(0, 0), *padding])
    outputs, inputs, *kernel = weight.shape
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    size = [(n - r) // s + 1 for n, r, s in zip(x.shape[1:], reach, stride, strict=True)]
    made = np.zeros((outputs, *size))
    for o, i, (a, b), (p, q) in itertools.product(
        range(outputs), range(inputs), np.ndindex(*size), np.ndindex(*kernel)
    ):
        channel = o // (outputs // groups) * inputs + i
        made[o, a, b] += (
            weight[o, i, p, q] * x[channel, a * stride[0] + p * dilation[0], b * stride[1] + q * dilation[1]]
        )
    return made


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [(1, 0, 1, 1), (2, 1, 1, 1), ((1, 2), (2, 0), 1, 2), (1, "valid", (2, 1), 1), (1, "same", 2, 2)],
    ids=str,
)
def test_convolution(stride, padding, dilation, groups):
    rng = np.random.default_rng(1)
    weight, x = rng.normal(size=(4, 4 // groups, 3, 2)), rng.normal(size=(4, 7, 8))
    pair = lambda value: tuple(np.broadcast_to(value, 2).tolist())  # noqa: E731
    around = [(n, n) for n in pair(0 if isinstance(padding, str) else padding)]
    if padding == "same":
        totals = [d * (k - 1) for d, k in zip(pair(dilation), (3, 2), strict=True)]
        around = [(total // 2, total - total // 2) for total in totals]
    fields = {"weight": weight, "stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    node = Node("conv", "Conv2d", fields | {"bias": np.arange(4.0)})
    wanted = slid(weight, x, pair(stride), around, pair(dilation), groups)
    np.testing.assert_allclose(apply(node, x[..., None])[..., 0], wanted)
    assert constant(node, x.shape)[:, 0, 0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", ["SumPool2d", "AvgPool2d"])
def test_pool(kind):
    x = np.random.default_rng(2).normal(size=(2, 5, 6))
    node = Node("pool", kind, {"kernel_size": (2, 3), "stride": (2, 3), "padding": (1, 0)})
    ones = np.eye(2)[:, :, None, None] * np.ones((2, 3)) / (6 if kind == "AvgPool2d" else 1)
    np.testing.assert_allclose(apply(node, x[..., None])[..., 0], slid(ones, x, (2, 3), [(1, 1), (0, 0)], (1, 1), 1))


@pytest.mark.parametrize(
    ("start", "end", "shape"), [(0, -1, (24,)), (1, 2, (2, 12)), (-2, -1, (2, 12)), (0, 1, (6, 4))]
)
def test_flatten(start, end, shape):
    x = np.arange(24.0).reshape(2, 3, 4, 1)
    made = apply(Node("flat", "Flatten", {"start_dim": start, "end_dim": end}), x)
    np.testing.assert_array_equal(made[..., 0], x.reshape(shape))


def test_matrix_beyond_any_chip_is_refused_before_it_is_made():
    with pytest.raises(
        InputError, match=r"node 'wide' \(Linear\): the matrix from its sources of shape \(65536, 4096\)"
    ):
        apply(Node("wide", "Linear", {"weight": np.ones((65536, 2))}), np.broadcast_to(1.0, (2, 4096)))
