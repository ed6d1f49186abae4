"""A text becomes a real language model server on loopback: llama.cpp, with a generated model that knows it by heart.

    with serving(tmp_path, "Green tea is brewed with water.") as peer:
        OpenAIModel(peer.url, KEY, "peer").write(messages)

The model is a Llama of one layer whose output matrix says which piece of the text follows which, whatever it is asked.
Held to a grammar, it fills a form with whatever is likeliest there. Needs the wheels of xllamacpp and gguf.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

KEY = "sk-peer-not-a-real-key-0123456789"
ROOM = 32_768
_ROOT = Path(__file__).resolve().parent.parent
_WIDTH = 1_024
_HEADS = 4
_SPECIAL = ("<unk>", "<s>", "</s>")
_END = 2
# Where a grammar does not let the text go on: lists get one item, which is number 1 and covered; strings and objects end.
_LIKELY = {'"': 4.0, "}": 3.5, "{": 3.0, "]": 2.5, ",": 2.0, "1": 1.0, "c": 0.5, "v": 0.5}
_RECITED = 9.0


@dataclass(frozen=True)
class Peer:
    """A running server. It serves one request at a time."""

    url: str

    @property
    def busy(self) -> bool:
        """Whether the server itself says that a request is being worked on."""
        return any(slot["is_processing"] for slot in json.loads(self._get("/slots")))

    @property
    def written(self) -> int:
        """How many tokens it has generated for all requests that are over."""
        lines = self._get("/metrics").splitlines()
        return int(float(next(line for line in lines if line.startswith("llamacpp:tokens_predicted_total")).split()[1]))

    def idle(self, within: float = 20.0) -> bool:
        """Whether it stops working on anything in time."""
        ends = time.monotonic() + within
        while self.busy and time.monotonic() < ends:
            time.sleep(0.01)
        return not self.busy

    def _get(self, page: str) -> str:
        asked = urllib.request.Request(self.url.removesuffix("/v1") + page, headers={"authorization": f"Bearer {KEY}"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return str(answer.read(), "utf-8")


@contextmanager
def serving(folder: Path, text: str, *, ends: bool = True, room: int = ROOM) -> Iterator[Peer]:
    """A server whose model says `text`, without `ends` again and again; `room` is its context in tokens."""
    file = folder / "peer.gguf"
    write_model(file, text, ends=ends)
    command = [sys.executable, "-m", "tests.peer", str(file), str(room)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        try:
            assert child.stdout
            line = child.stdout.readline().decode().strip()
            assert line.startswith("http"), "the server did not start: python -m tests.peer says why"
            yield Peer(f"{line}/v1")
        finally:
            child.kill()


def write_model(file: Path, text: str, *, ends: bool) -> None:
    gguf = import_module("gguf")
    vocabulary, said = _vocabulary(text)
    writer = gguf.GGUFWriter(str(file), "llama")
    writer.add_context_length(4 * ROOM)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_HEADS)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.encode() for token in vocabulary])
    writer.add_token_scores([0.0] * len(vocabulary))
    writer.add_token_types([_kind(token, gguf.TokenType) for token in vocabulary])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(_END)
    writer.add_chat_template("{% for message in messages %}{{ message.content }}\n{% endfor %}")
    for name, tensor in _tensors(vocabulary, [*said, _END if ends else said[0]]):
        writer.add_tensor(name, tensor.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary(text: str) -> tuple[list[str], list[int]]:
    """All tokens, and those that make `text`. Each of these is there once, so that one token tells where the text is."""
    pieces: list[str] = []
    piece = ""
    for word in text.split(" "):
        piece += f"▁{word}"
        if piece not in pieces and len(piece) > 2:
            pieces.append(piece)
            piece = ""
    if piece:
        pieces[-1] += piece
    single = [f"<0x{number:02X}>" for number in range(256)]
    single += ["▁", *(chr(code) for code in range(33, 127))]
    vocabulary = [*_SPECIAL, *single, *pieces]
    return vocabulary, [vocabulary.index(piece) for piece in pieces]


def _kind(token: str, kinds: Any) -> int:
    if token in _SPECIAL:
        return int(kinds.UNKNOWN if token == "<unk>" else kinds.CONTROL)
    return int(kinds.BYTE if token.startswith("<0x") else kinds.NORMAL)


def _tensors(vocabulary: list[str], said: list[int]) -> Iterator[tuple[str, Any]]:
    """The weights. A token is a one in a place of its own, and one in the last place, which carries what is always likely."""
    count = len(vocabulary)
    follows = np.zeros((count, _WIDTH))
    follows[said[0], :-1] = _RECITED
    for one, other in pairwise(said):
        follows[:, one] = 0
        follows[other, one] = _RECITED
    follows[:, -1] = [_LIKELY.get(token, 0.0) for token in vocabulary]
    tokens = np.eye(count, _WIDTH)
    tokens[:, -1] = 1
    yield "token_embd.weight", tokens
    # The norm before this makes each of the two ones as large as half the width allows.
    yield "output.weight", follows / np.sqrt(_WIDTH / 2)
    head = _WIDTH // _HEADS
    yield "output_norm.weight", np.ones(_WIDTH)
    for name, shape in (
        ("attn_norm", (_WIDTH,)),
        ("attn_q", (_WIDTH, _WIDTH)),
        ("attn_k", (head, _WIDTH)),
        ("attn_v", (head, _WIDTH)),
        ("attn_output", (_WIDTH, _WIDTH)),
        ("ffn_norm", (_WIDTH,)),
        ("ffn_gate", (_HEADS, _WIDTH)),
        ("ffn_up", (_HEADS, _WIDTH)),
        ("ffn_down", (_WIDTH, _HEADS)),
    ):
        yield f"blk.0.{name}.weight", np.zeros(shape)


def main(file: str, room: str) -> None:
    """Serve until standard input ends, which it does with whoever started this, however that ends."""
    xllamacpp = import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = file
    params.model_alias = {"peer"}
    params.api_keys = [KEY]
    params.n_ctx = int(room)
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.fit_params = False
    params.warmup = False
    params.endpoint_metrics = True
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
