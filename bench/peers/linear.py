"""The peers of the rows about linear layers: torch (oneDNN, MKL), numpy (OpenBLAS) and the 4-bit products of onnxruntime.

Requests: {"case": "torch" | "numpy" | "bnb4" | "nbits", "product": "forward" | "input" | "weight", "dtype": "bfloat16" | "float32",
"rows": 512, "columns": 2048, "depth": 2048, "copies": 1}. `copies` weights are used in turn, as on our side.
"""

import itertools
import os

import numpy
import torch
from serve import serve

THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))
torch.set_num_threads(THREADS)
torch.set_grad_enabled(False)


def torch_case(product: str, dtype: str, rows: int, columns: int, depth: int, copies: int = 1):
    kind = getattr(torch, dtype)
    x, dy = torch.randn(rows, depth).to(kind), torch.randn(rows, columns).to(kind)
    weights = itertools.cycle([torch.randn(columns, depth).to(kind) for _ in range(copies)])
    calls = {
        "forward": lambda: torch.nn.functional.linear(x, next(weights)),
        "input": lambda: dy @ next(weights),
        "weight": lambda: dy.t() @ x,
    }
    return calls[product], {"version": torch.__version__}


def numpy_case(product: str, rows: int, columns: int, depth: int):
    draw = numpy.random.default_rng(1)
    x, dy, w = (draw.standard_normal(shape, dtype=numpy.float32) for shape in ((rows, depth), (rows, columns), (columns, depth)))
    calls = {"forward": lambda: x @ w.T, "input": lambda: dy @ w, "weight": lambda: dy.T @ x}
    return calls[product], {"version": numpy.__version__}


def onnx_case(operator: str, rows: int, columns: int, depth: int, copies: int, **attributes):
    import onnx
    import onnxruntime

    draw = numpy.random.default_rng(1)
    block = attributes["block_size"]
    blocks = depth // block
    shape = (columns, blocks, block // 2) if operator == "MatMulNBits" else (columns * depth // 2,)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    sessions = []
    for _ in range(copies):
        codes = onnx.numpy_helper.from_array(draw.integers(0, 256, shape, dtype=numpy.uint8), "w")
        scales = onnx.numpy_helper.from_array(draw.random(columns * blocks, dtype=numpy.float32), "s")
        node = onnx.helper.make_node(operator, ["x", "w", "s"], ["y"], domain="com.microsoft", K=depth, N=columns, **attributes)
        tensors = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [rows, size]) for name, size in (("x", depth), ("y", columns))]
        graph = onnx.helper.make_graph([node], "linear", tensors[:1], tensors[1:], [codes, scales])
        imports = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("com.microsoft", 1)]
        model = onnx.helper.make_model(graph, opset_imports=imports, ir_version=9)
        sessions.append(onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]))
    turn = itertools.cycle(sessions)
    x = {"x": draw.standard_normal((rows, depth), dtype=numpy.float32)}
    return (lambda: next(turn).run(None, x)), {"version": onnxruntime.__version__}


def bnb4_case(rows: int, columns: int, depth: int, copies: int = 1):
    return onnx_case("MatMulBnb4", rows, columns, depth, copies, block_size=64, quant_type=1)


def nbits_case(rows: int, columns: int, depth: int, copies: int = 1):
    return onnx_case("MatMulNBits", rows, columns, depth, copies, bits=4, block_size=64, accuracy_level=4)


serve({"torch": torch_case, "numpy": numpy_case, "bnb4": bnb4_case, "nbits": nbits_case})
