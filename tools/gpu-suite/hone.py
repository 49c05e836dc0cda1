"""The kernel library by ctypes (native/include/hone/hone.h): tensors on the card, ops by the names of native/ops.json."""
import ctypes
import json
import os
import pathlib
import re

import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = pathlib.Path(os.environ.get("HONE_CORE_LIBRARY", ROOT / "native/build/release/libhone_core.so"))
OPS = json.loads((ROOT / "native/ops.json").read_text())["ops"]
NUMBERS = {op["name"]: number for number, op in enumerate(OPS)}
ARGUMENTS = {op["name"]: [re.match(r"\w+", text)[0] for text in op["args"]] for op in OPS}
CODES = {torch.float32: 0, torch.bfloat16: 1, torch.float16: 2, torch.int32: 3, torch.uint8: 4}
DTYPES = {code: dtype for dtype, code in CODES.items()}
FORMATS = {"packed-f32": 5, "packed-bf16": 6, "nf4": 7, "int8": 8, "int4": 9}
CUDA, PINNED = 2, 4


class CardFacts(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char * 128)] + [
        (name, ctypes.c_int)
        for name in ("ordinal", "compute_capability", "multiprocessors", "driver_version", "runtime_version")
    ] + [(name, ctypes.c_int64) for name in ("total_bytes", "free_bytes", "budget_bytes")]


class Counters(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int64)
        for name in ("launches", "graph_launches", "synchronisations", "bytes_to_card", "bytes_from_card")
    ]


class Memory(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int64)
        for name in ("live_bytes", "peak_bytes", "live_tensors", "cached_bytes", "reserved_bytes", "workspace_bytes")
    ]


library = ctypes.CDLL(str(CORE))
library.hone_last_error.restype = ctypes.c_char_p


def check(code):
    if code != 0:
        raise RuntimeError(library.hone_last_error().decode())


def sizes(shape):
    return (ctypes.c_int64 * 4)(*shape, *[-1] * (4 - len(shape)))


class Tensor:
    """A tensor of the card; freed when nothing holds it any more."""

    def __init__(self, handle, shape, dtype):
        self.handle, self.shape, self.dtype = handle, tuple(shape), dtype

    def __del__(self):
        library.hone_tensor_free(self.handle)

    def read(self):
        out = torch.empty(self.shape, dtype=self.dtype)
        check(library.hone_tensor_read(
            self.handle, ctypes.c_int64(0), ctypes.c_void_p(out.data_ptr()), CODES[self.dtype], ctypes.c_int64(out.numel())))
        return out


def empty(shape, dtype=torch.bfloat16, device=CUDA):
    handle = ctypes.c_int32()
    check(library.hone_tensor_alloc(device, CODES[dtype], sizes(shape), ctypes.byref(handle)))
    return Tensor(handle.value, shape, dtype)


def write(tensor, values, offset=0):
    values = values.detach().cpu().contiguous()
    check(library.hone_tensor_write(
        tensor.handle, ctypes.c_int64(offset), ctypes.c_void_p(values.data_ptr()), CODES[values.dtype],
        ctypes.c_int64(values.numel())))


def copy(sources, targets):
    """Between tensors of the card and pinned ones, by the GPU alone: what is queued from here on finds them done."""
    tickets = []
    for source, target in zip(sources, targets):
        ticket = ctypes.c_int64()
        check(library.hone_copy_start(source.handle, target.handle, ctypes.byref(ticket)))
        tickets.append(ticket)
    for ticket in tickets:
        check(library.hone_copy_await(ticket))


def put(values):
    tensor = empty(values.shape, values.dtype)
    write(tensor, values)
    return tensor


def view(tensor, shape, offset=0):
    """The same memory from element `offset` on, in another shape."""
    handle = ctypes.c_int32()
    check(library.hone_tensor_view(tensor.handle, ctypes.c_int64(offset), sizes(shape), ctypes.byref(handle)))
    return Tensor(handle.value, shape, tensor.dtype)


def zeros(shape, dtype=torch.float32):
    if dtype == torch.int32:
        return put(torch.zeros(shape, dtype=dtype))
    tensor = empty(shape, dtype)
    invoke("tensorFill", x=tensor, value=0.0)
    return tensor


def clone(tensor):
    other = empty(tensor.shape, tensor.dtype)
    invoke("tensorCopy", src=tensor, dst=other)
    return other


def pack(values, weight_format):
    """A weight [N,K], of torch or on the card already, in a packed format; quantized on the card."""
    source = values if isinstance(values, Tensor) else put(values)
    handle = ctypes.c_int32()
    check(library.hone_pack_weight(source.handle, FORMATS[weight_format], ctypes.byref(handle)))
    return Tensor(handle.value, values.shape, None)


def unpack(weight):
    handle = ctypes.c_int32()
    check(library.hone_unpack_weight(weight.handle, ctypes.byref(handle)))
    return Tensor(handle.value, weight.shape, torch.float32)


def numbers(op, arguments):
    """The arguments in the order of the table; what is not named is absent, or 0."""
    unknown = set(arguments) - set(ARGUMENTS[op])
    if unknown:
        raise ValueError(f"[{op}] expected arguments of ops.json but received {sorted(unknown)}")
    given = [arguments.get(name, 0) for name in ARGUMENTS[op]]
    return [float(value.handle if isinstance(value, Tensor) else value) for value in given]


def invoke(op, **arguments):
    values = numbers(op, arguments)
    check(library.hone_invoke(NUMBERS[op], (ctypes.c_double * len(values))(*values), len(values)))


class Plan:
    """Ops that are recorded once and replayed; on a card, one graph."""

    def __init__(self, calls, inputs=None, outputs=None):
        commands = [number for op, arguments in calls for number in (float(NUMBERS[op]), *numbers(op, arguments))]
        self.kept = (calls, inputs, outputs)
        plan, failed = ctypes.c_int(), ctypes.c_int()
        check(library.hone_plan_record(
            (ctypes.c_double * len(commands))(*commands), ctypes.c_int64(len(commands)), inputs.handle if inputs else 0,
            outputs.handle if outputs else 0, ctypes.byref(plan), ctypes.byref(failed)))
        self.number = plan.value

    def run(self, values=(), results=0):
        given, got = (ctypes.c_int32 * max(1, len(values)))(*values), (ctypes.c_int32 * max(1, results))()
        check(library.hone_plan_run(
            self.number, given, ctypes.c_int64(len(values)), got, ctypes.c_int64(results), ctypes.byref(ctypes.c_int())))
        return list(got[:results])

    def __del__(self):
        library.hone_plan_free(self.number)


def start():
    """Opens the card and returns what is known of it."""
    check(library.hone_init(0, None, ctypes.byref((ctypes.c_int64 * 3)())))  # hone_info, which nobody here asks.
    facts = CardFacts()
    check(library.hone_card_open(None, ctypes.byref(facts)))
    return {name: getattr(facts, name).decode() if name == "name" else getattr(facts, name) for name, _ in facts._fields_}


def synchronise():
    check(library.hone_card_synchronise())


def counters():
    counts = Counters()
    check(library.hone_card_counts(ctypes.byref(counts)))
    return {name: getattr(counts, name) for name, _ in counts._fields_}


def memory():
    stats = Memory()
    library.hone_memory_stats(CUDA, ctypes.byref(stats))
    return stats


def forget_peak():
    """Gives freed memory back to the card and counts the peak anew."""
    library.hone_release_cache()
    library.hone_reset_peak(CUDA)


def peak_bytes():
    stats = memory()
    return stats.reserved_bytes + stats.workspace_bytes
