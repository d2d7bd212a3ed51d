"""CAM++ of 3D-Speaker (Apache-2.0): a vector of 192 numbers for a voice.

Input ``samples`` (1, 1, samples at 16 kHz, at least 0.1 s), output ``embedding`` (1, 192). The
features that the network was trained on, Kaldi's filter banks, are part of the graph: what they
do to a frame before the spectrum is linear, and one convolution does all of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy

from convert_diarizer.checkpoint import Array, weights
from convert_diarizer.graph import Graph

SAMPLE_RATE = 16000
FRAME, HOP, FFT = 400, 160, 512
"""Samples of a frame, between frames, and of the spectrum."""
MELS = 80
LOWEST_HZ = 20.0
PREEMPHASIS = 0.97
FULL_SCALE = 32768.0
"""Kaldi works on 16-bit samples."""
FLOOR = float(numpy.finfo(numpy.float32).eps)
POOLED = 100
"""Frames of one context of the masks."""
EPSILON = 1e-5


class CamPlus:
    """Adds the parts of the network to a graph."""

    def __init__(self, graph: Graph, w: dict[str, Array]) -> None:
        self._graph, self._w = graph, w

    def conv(self, x: str, name: str, **attributes: object) -> str:
        """Add a convolution."""
        inputs = [self._graph.weight(self._w[f"{name}.weight"])]
        if f"{name}.bias" in self._w:
            inputs.append(self._graph.weight(self._w[f"{name}.bias"]))
        return self._graph.add("Conv", x, *inputs, **attributes)

    def norm(self, x: str, name: str) -> str:
        """Add a batch normalization with the statistics of the training."""
        mean, variance = self._w[f"{name}.running_mean"], self._w[f"{name}.running_var"]
        scale = self._w.get(f"{name}.weight", numpy.ones_like(mean))
        shift = self._w.get(f"{name}.bias", numpy.zeros_like(mean))
        inputs = [self._graph.weight(each) for each in (scale, shift, mean, variance)]
        return self._graph.add("BatchNormalization", x, *inputs, epsilon=EPSILON)

    def active(self, x: str, name: str) -> str:
        """Add a batch normalization and a rectifier."""
        return self._graph.add("Relu", self.norm(x, name))

    def head(self, x: str) -> str:
        """Add the two-dimensional front, which divides the bands by eight."""
        x = self.active(self.conv(x, "head.conv1", pads=[1, 1, 1, 1]), "head.bn1")
        for layer in ("layer1", "layer2"):
            for block, stride in ((0, 2), (1, 1)):
                x = self.residual(x, f"head.{layer}.{block}", stride)
        x = self.conv(x, "head.conv2", pads=[1, 1, 1, 1], strides=[2, 1])
        x = self.active(x, "head.bn2")
        return self._graph.add("Reshape", x, self._graph.integers(0, 32 * MELS // 8, -1))

    def residual(self, x: str, name: str, stride: int) -> str:
        """Add one block with a shortcut."""
        pads = [1, 1, 1, 1]
        y = self.conv(x, f"{name}.conv1", pads=pads, strides=[stride, 1])
        y = self.conv(self.active(y, f"{name}.bn1"), f"{name}.conv2", pads=pads)
        y = self.norm(y, f"{name}.bn2")
        if f"{name}.shortcut.0.weight" in self._w:
            x = self.conv(x, f"{name}.shortcut.0", strides=[stride, 1])
            x = self.norm(x, f"{name}.shortcut.1")
        return self._graph.add("Relu", self._graph.add("Add", x, y))

    def dense(self, x: str, name: str, dilation: int, context: tuple[str, str]) -> str:
        """Add one layer, whose output joins its input."""
        y = self.active(x, f"{name}.nonlinear1.batchnorm")
        y = self.active(self.conv(y, f"{name}.linear1"), f"{name}.nonlinear2.batchnorm")
        means, places = context
        local = self._graph.add("Gather", self._graph.add("MatMul", y, means), places, axis=2)
        whole = self._graph.add("ReduceMean", y, axes=[-1])
        mask = self.conv(self._graph.add("Add", local, whole), f"{name}.cam_layer.linear1")
        mask = self.conv(self._graph.add("Relu", mask), f"{name}.cam_layer.linear2")
        y = self.conv(
            y, f"{name}.cam_layer.linear_local", dilations=[dilation], pads=[dilation, dilation]
        )
        y = self._graph.add("Mul", y, self._graph.add("Sigmoid", mask))
        return self._graph.add("Concat", x, y, axis=1)

    def context(self, x: str) -> tuple[str, str]:
        """For the frames of `x`: a matrix that takes the mean of each :data:`POOLED` frames, and
        which of the means belongs to a frame."""
        graph = self._graph
        count = graph.add("Gather", graph.add("Shape", x), graph.integers(2))
        scalar = graph.add("Squeeze", count)
        zero, one = (graph.weight(each, numpy.int64) for each in (0, 1))
        size = graph.weight(POOLED, numpy.int64)
        places = graph.add("Div", graph.add("Range", zero, scalar, one), size)
        last = graph.add("Div", graph.add("Sub", scalar, one), size)
        depth = graph.add("Add", last, one)
        chosen = graph.add("OneHot", places, depth, graph.weight([0.0, 1.0]))
        counts = graph.add("ReduceSum", chosen, graph.integers(0), keepdims=1)
        return graph.add("Div", chosen, counts), places

    def pooled(self, x: str) -> str:
        """Add the mean and the standard deviation over the frames."""
        graph = self._graph
        mean = graph.add("ReduceMean", x, axes=[-1])
        frames = graph.add("Gather", graph.add("Shape", x), graph.integers(2))
        count = graph.add("Cast", frames, to=1)
        rest = graph.add("Max", graph.add("Sub", count, graph.weight(1.0)), graph.weight(1.0))
        squares = graph.add("ReduceSumSquare", graph.add("Sub", x, mean), axes=[-1])
        deviation = graph.add("Sqrt", graph.add("Div", squares, rest))
        return graph.add("Concat", mean, deviation, axis=1)


def export(checkpoint: Path, target: Path) -> None:
    """Write the model as ONNX."""
    graph = Graph()
    network = CamPlus(graph, weights(checkpoint))
    x = network.head(_features(graph, "samples"))
    x = network.conv(x, "xvector.tdnn.linear", strides=[2], pads=[2, 2])
    x = network.active(x, "xvector.tdnn.nonlinear.batchnorm")
    context = network.context(x)
    for block, (layers, dilation) in enumerate(((12, 1), (24, 2), (16, 2)), start=1):
        for layer in range(1, layers + 1):
            x = network.dense(x, f"xvector.block{block}.tdnnd{layer}", dilation, context)
        transit = f"xvector.transit{block}"
        x = network.conv(network.active(x, f"{transit}.nonlinear.batchnorm"), f"{transit}.linear")
    x = network.pooled(network.active(x, "xvector.out_nonlinear.batchnorm"))
    x = network.conv(x, "xvector.dense.linear")
    x = network.norm(x, "xvector.dense.nonlinear.batchnorm")
    x = graph.add("Reshape", x, graph.integers(0, -1))
    graph.save(target, ("samples", [1, 1, "length"]), ("embedding", [1, 192]), x)


def _features(graph: Graph, x: str) -> str:
    """Add the filter banks, without their mean: shape (1, 1, bands, frames)."""
    x = graph.add("Conv", x, graph.weight(_spectrum()), strides=[HOP])
    x = graph.add("Mul", x, x)
    # The real parts come first: the matrix of the bands adds both squares.
    bands = numpy.concatenate([_bands(), _bands()], axis=1)
    x = graph.add("MatMul", graph.weight(bands), x)
    x = graph.add("Log", graph.add("Max", x, graph.weight(FLOOR)))
    x = graph.add("Sub", x, graph.add("ReduceMean", x, axes=[-1]))
    return graph.add("Unsqueeze", x, graph.integers(1))


def _spectrum() -> Array:
    """The kernels that turn a frame into its spectrum: without its mean, with pre-emphasis and
    Povey's window; real parts first, shape (2 x 256, 1, 400)."""
    centered = numpy.eye(FRAME) - 1.0 / FRAME
    emphasis = numpy.eye(FRAME) - PREEMPHASIS * numpy.eye(FRAME, k=-1)
    emphasis[0, 0] -= PREEMPHASIS
    phase = 2 * numpy.pi * numpy.arange(FRAME) / (FRAME - 1)
    window = (0.5 - 0.5 * numpy.cos(phase)) ** 0.85
    angle = 2 * numpy.pi * numpy.outer(numpy.arange(FFT // 2), numpy.arange(FRAME)) / FFT
    fourier = numpy.concatenate([numpy.cos(angle), -numpy.sin(angle)])
    kernels: Array = FULL_SCALE * (fourier * window) @ emphasis @ centered
    return kernels[:, None]


def _bands() -> Array:
    """Kaldi's triangular filters on the mel scale, shape (80, 256)."""

    def mel(hertz: Array) -> Array:
        scaled: Array = 1127.0 * numpy.log(1.0 + hertz / 700.0)
        return scaled

    low, high = mel(numpy.array([LOWEST_HZ, SAMPLE_RATE / 2]))
    edges = numpy.linspace(low, high, MELS + 2)
    bins = mel(numpy.arange(FFT // 2) * SAMPLE_RATE / FFT)
    left, center, right = (edges[part : part + MELS, None] for part in range(3))
    rising, falling = (bins - left) / (center - left), (right - bins) / (right - center)
    bands: Array = numpy.maximum(0.0, numpy.minimum(rising, falling))
    return bands
