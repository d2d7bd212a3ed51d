"""The models of the diarizer, converted to ONNX when they are fetched."""
