"""A small builder of ONNX graphs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 9
"""What onnxruntime 1.17 and later read."""


class Graph:
    """Nodes and weights, in the order in which they are added."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def weight(self, values: Any, kind: Any = numpy.float32) -> str:
        """Add a constant; return its name."""
        name = f"w{len(self._weights)}"
        array = numpy.ascontiguousarray(numpy.asarray(values, kind))
        self._weights.append(numpy_helper.from_array(array, name))
        return name

    def integers(self, *values: int) -> str:
        """Add a vector of integers; return its name."""
        return self.weight(values, numpy.int64)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        name = f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def save(
        self,
        path: Path,
        entry: tuple[str, Sequence[int | str]],
        result: tuple[str, Sequence[int | str]],
        output: str,
    ) -> None:
        """Write the model. `entry`, `result`: name and shape of the input and of the output;
        `output`: the node that gives it."""
        self._nodes.append(helper.make_node("Identity", [output], [result[0]]))
        graph = helper.make_graph(
            self._nodes,
            path.stem,
            [helper.make_tensor_value_info(entry[0], TensorProto.FLOAT, entry[1])],
            [helper.make_tensor_value_info(result[0], TensorProto.FLOAT, result[1])],
            self._weights,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString(deterministic=True))
