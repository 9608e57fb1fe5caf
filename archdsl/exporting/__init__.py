"""Networks as files that other programs run: folded for inference, opened again, and compared with the module.

    archdsl.export(network, "net.onnx", to="onnx", weights="weights.safetensors")

A target is a file here: how its tool writes a module, and how what it wrote is run.
"""
