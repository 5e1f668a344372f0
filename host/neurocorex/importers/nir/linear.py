"""Nodes without memory, such as Linear, Conv2d and AvgPool2d, applied to whole matrices.

Every function takes values of shape [*shape, S]: the effect of S sources on a layer of that shape. Applied to the
identity, the nodes of a path give the matrix of the whole path, convolutions and pools included.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .node import Floats, Node, Shape

#: Number of dimensions that convolutions and pools slide over.
_SPACE = {"Conv1d": 1, "Conv2d": 2, "SumPool2d": 2, "AvgPool2d": 2}


def input_shape(node: Node) -> Shape | None:
    """Return the input shape of a node, if its fields tell; else None."""
    if node.kind in ("Affine", "Linear"):
        return (_weight(node, 2).shape[1],)
    if node.kind in ("Scale", "Delay"):
        shape = node.floats(node.kind.lower()).shape
        return shape if math.prod(shape) > 1 else None
    if node.kind == "Flatten":
        given = node.fields.get("input_type")
        if isinstance(given, Mapping):
            node = Node(node.name, node.kind, {"input_type": given.get("input")})
        return node.shape_field("input_type", unknown=True)
    if node.kind in ("Conv1d", "Conv2d") and node.fields.get("input_shape") is not None:
        space = node.shape_field("input_shape") or ()
        return (_weight(node, 2 + _SPACE[node.kind]).shape[1] * _groups(node), *space)
    return None


def output_shape(node: Node, shape: Shape) -> Shape:
    """Return the output shape of a node for an input of `shape`; raises FileFormatError if it cannot take that."""
    own = input_shape(node)
    if own is not None and own != shape:
        raise node.bad(f"gets values of shape {shape}, expected {own}")
    if node.kind in ("Affine", "Linear"):
        return (_weight(node, 2).shape[0],)
    if node.kind == "Flatten":
        start, end = _flattened(node, len(shape))
        return (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])
    if node.kind in _SPACE:
        return _Window(node, shape).output
    return shape


def apply(node: Node, values: Floats) -> Floats:
    """Apply the linear part of a node to values [*shape, S]; raises InputError if the result would be too large."""
    shape, sources = values.shape[:-1], values.shape[-1]
    out = output_shape(node, shape)
    node.check_size((*out, sources), "the matrix from its sources")
    if node.kind in ("Affine", "Linear"):
        return np.asarray(_weight(node, 2) @ values)
    if node.kind == "Scale":
        return np.asarray(values * node.parameter("scale", shape)[..., None])
    if node.kind == "Flatten":
        return values.reshape(*out, sources)
    if node.kind in _SPACE:
        return _Window(node, shape).slide(values)
    return values


def constant(node: Node, shape: Shape) -> Floats | None:
    """Return the bias of a node for an input of `shape`, in the shape of its output; None if it has none."""
    if node.kind == "Affine":
        return node.parameter("bias", output_shape(node, shape))
    if node.kind in ("Conv1d", "Conv2d") and node.fields.get("bias") is not None:
        out = output_shape(node, shape)
        bias = node.parameter("bias", out[:1])
        return np.broadcast_to(bias.reshape(-1, *[1] * (len(out) - 1)), out)
    return None


def _weight(node: Node, dimensions: int) -> Floats:
    weight = node.floats("weight")
    if weight.ndim != dimensions:
        raise node.bad(f"weight has shape {weight.shape}, expected {dimensions} dimensions")
    return weight


def _groups(node: Node) -> int:
    return max(node.integers("groups", 1, 1)[0], 1)


def _flattened(node: Node, dimensions: int) -> tuple[int, int]:
    """Return the first and the last of the dimensions that a Flatten merges."""
    start, end = (
        number + dimensions if (number := node.signed(name, default)) < 0 else number
        for name, default in (("start_dim", 0), ("end_dim", -1))
    )
    if not 0 <= start <= end < dimensions:
        raise node.bad(f"start_dim to end_dim is {start} to {end}, but there are {dimensions} dimensions")
    return start, end


class _Window:
    """Sliding window over the last dimensions of a layer: convolution or pool."""

    def __init__(self, node: Node, shape: Shape) -> None:
        self.node, self.shape = node, shape
        count = _SPACE[node.kind]
        if len(shape) != 1 + count:
            raise node.bad(f"gets values of shape {shape}, expected channels and {count} dimensions")
        self.weight: Floats | None = None
        channels = shape[0]
        if node.kind.startswith("Conv"):
            self.weight = _weight(node, 2 + count)
            self.groups = _groups(node)
            channels, inputs = self.weight.shape[:2]
            if channels % self.groups or inputs * self.groups != shape[0]:
                raise node.bad(
                    f"weight of shape {self.weight.shape} in {self.groups} groups does not fit {shape[0]} channels"
                )
        self.kernel = self.weight.shape[2:] if self.weight is not None else node.integers("kernel_size", count)
        self.stride = node.integers("stride", count, 1)
        self.dilation = node.integers("dilation", count, 1)
        reach = [step * (size - 1) + 1 for step, size in zip(self.dilation, self.kernel, strict=True)]
        self.padding = self._padding(count, reach)
        room = [size + sum(pad) - far for size, pad, far in zip(shape[1:], self.padding, reach, strict=True)]
        if min(*self.kernel, *self.stride, *self.dilation) < 1 or min(room) < 0:
            raise node.bad(f"kernel {self.kernel} with stride {self.stride} does not fit into values of shape {shape}")
        self.output = (channels, *(free // step + 1 for free, step in zip(room, self.stride, strict=True)))

    def _padding(self, count: int, reach: list[int]) -> list[tuple[int, int]]:
        given: Any = self.node.fields.get("padding")
        if isinstance(given, bytes):
            given = given.decode("utf-8", "replace")
        if isinstance(given, str):
            if given not in ("same", "valid"):
                raise self.node.bad(f"padding must be numbers, 'same' or 'valid', got {given!r}")
            totals = [far - 1 if given == "same" else 0 for far in reach]
            return [(total // 2, total - total // 2) for total in totals]
        return [(size, size) for size in self.node.integers("padding", count, 0)]

    def slide(self, values: Floats) -> Floats:
        """Return the sum over the window: a loop over its few places, vectorised over everything else."""
        sources = values.shape[-1]
        padded_shape = (
            self.shape[0],
            *(n + sum(p) for n, p in zip(self.shape[1:], self.padding, strict=True)),
            sources,
        )
        self.node.check_size(padded_shape, "the padded matrix")
        padded = np.pad(values, [(0, 0), *self.padding, (0, 0)])
        total = np.zeros((*self.output, sources))
        for place in np.ndindex(*self.kernel):
            cut: Any = tuple(
                slice(at * apart, at * apart + step * (count - 1) + 1, step)
                for at, apart, step, count in zip(place, self.dilation, self.stride, self.output[1:], strict=True)
            )
            total += self._mixed(padded[(slice(None), *cut)], place)
        if self.node.kind == "AvgPool2d":
            total /= math.prod(self.kernel)
        return total

    def _mixed(self, part: Floats, place: tuple[int, ...]) -> Floats:
        """Return the contribution of one place of the window, with channels mixed by the kernel if there is one."""
        if self.weight is None:
            return part
        inside: Any = (slice(None), slice(None), *place)
        kernel = self.weight[inside]
        blocks = zip(np.split(kernel, self.groups), np.split(part, self.groups), strict=True)
        return np.concatenate([np.tensordot(block, channels, 1) for block, channels in blocks])
