"""pyannote's segmentation-3.0 (MIT): who of up to three speakers is active, each 17 ms.

Input ``samples`` (batch, 1, samples at 16 kHz), output ``scores`` (batch, frames, 7): the
logarithms of the probabilities of nobody, speaker 1, 2, 3, 1 and 2, 1 and 3, 2 and 3.
"""

from __future__ import annotations

from pathlib import Path

import numpy

from convert_diarizer.checkpoint import Array, weights
from convert_diarizer.graph import Graph

SAMPLE_RATE = 16000
LOWEST_HZ = NARROWEST_HZ = 50.0
"""Limits of the filters of SincNet."""
STRIDE = 10
LAYERS = 4
SLOPE = 0.01
"""Of the leaky rectifiers."""
EPSILON = 1e-5


def export(checkpoint: Path, target: Path) -> None:
    """Write the model as ONNX."""
    w = weights(checkpoint, "state_dict")
    graph = Graph()

    def normalized(x: str, name: str) -> str:
        scale, shift = (graph.weight(w[f"{name}.{part}"]) for part in ("weight", "bias"))
        return graph.add("InstanceNormalization", x, scale, shift, epsilon=EPSILON)

    x = normalized("samples", "sincnet.wav_norm1d")
    x = graph.add("Conv", x, graph.weight(_filters(w)), strides=[STRIDE])
    x = graph.add("Abs", x)
    for layer in range(3):
        if layer:
            convolution = f"sincnet.conv1d.{layer}"
            kernel, bias = w[f"{convolution}.weight"], w[f"{convolution}.bias"]
            x = graph.add("Conv", x, graph.weight(kernel), graph.weight(bias))
        x = graph.add("MaxPool", x, kernel_shape=[3], strides=[3])
        x = graph.add("LeakyRelu", normalized(x, f"sincnet.norm1d.{layer}"), alpha=SLOPE)
    x = graph.add("Transpose", x, perm=[2, 0, 1])
    for layer in range(LAYERS):
        x = _recurrent(graph, w, x, layer)
    x = graph.add("Transpose", x, perm=[1, 0, 2])
    for name in ("linear.0", "linear.1"):
        x = graph.add("LeakyRelu", _linear(graph, w, x, name), alpha=SLOPE)
    x = graph.add("LogSoftmax", _linear(graph, w, x, "classifier"), axis=-1)
    graph.save(target, ("samples", ["batch", 1, "length"]), ("scores", ["batch", "frames", 7]), x)


def _filters(w: dict[str, Array]) -> Array:
    """SincNet's band-pass filters from their corner frequencies, as asteroid-filterbanks makes
    them: 40 even and 40 odd ones, shape (80, 1, 251)."""
    # With double precision every machine writes the same bytes.
    lows, bands, times, window = (
        w[f"sincnet.conv1d.0.filterbank.{name}"].astype(numpy.float64)
        for name in ("low_hz_", "band_hz_", "n_", "window_")
    )
    low = LOWEST_HZ + numpy.abs(lows)
    high = numpy.clip(low + NARROWEST_HZ + numpy.abs(bands), LOWEST_HZ, SAMPLE_RATE / 2)
    band = high - low
    even = (numpy.sin(high @ times) - numpy.sin(low @ times)) / (times / 2) * window
    odd = (numpy.cos(low @ times) - numpy.cos(high @ times)) / (times / 2) * window
    halves = [
        numpy.concatenate([even, 2 * band, even[:, ::-1]], axis=1),
        numpy.concatenate([odd, 0 * band, -odd[:, ::-1]], axis=1),
    ]
    filters: Array = numpy.concatenate([half / (2 * band) for half in halves])[:, None]
    return filters


def _recurrent(graph: Graph, w: dict[str, Array], x: str, layer: int) -> str:
    """One bidirectional LSTM layer on (frames, batch, features)."""

    def both(name: str) -> Array:
        """The weights of both directions, with the gates in ONNX's order."""
        found = [w[f"lstm.{name}_l{layer}{suffix}"] for suffix in ("", "_reverse")]
        return numpy.stack([_gates(each) for each in found])

    bias = numpy.concatenate([both("bias_ih"), both("bias_hh")], axis=1)
    inputs = (graph.weight(both("weight_ih")), graph.weight(both("weight_hh")), graph.weight(bias))
    hidden = w["lstm.weight_hh_l0"].shape[1]
    x = graph.add("LSTM", x, *inputs, hidden_size=hidden, direction="bidirectional")
    # (frames, directions, batch, hidden) to (frames, batch, directions x hidden).
    x = graph.add("Transpose", x, perm=[0, 2, 1, 3])
    return graph.add("Reshape", x, graph.integers(0, 0, -1))


def _gates(values: Array) -> Array:
    """PyTorch has input, forget, cell, output; ONNX input, output, forget, cell."""
    entry, forget, cell, output = numpy.split(values, 4)
    return numpy.concatenate([entry, output, forget, cell])


def _linear(graph: Graph, w: dict[str, Array], x: str, name: str) -> str:
    x = graph.add("MatMul", x, graph.weight(w[f"{name}.weight"].T))
    return graph.add("Add", x, graph.weight(w[f"{name}.bias"]))
