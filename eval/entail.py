"""Statements written to be said, denied or stood beside become the net of `coach.entail`, and figures on how well it tells
them apart.

A line of `cases/statements*.jsonl` has a key point's question and number, and four sentences: `said` makes the point in
other words, `near` and `free` contradict it, close to its wording and far from it, `beside` is true and does not make it.
Questions with labeled replies or attacks have no statements: the net is judged on questions it never saw.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, Field
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from coach.domain import Question
from coach.entail import BESIDE, CONTRADICTS, FILE, SAYS, Entailment
from coach.errors import BadInput
from coach.ports import STATE_LAYERS, Embedder, Progress, Vectors
from eval.cases import FOLDER, lines, parsed

# Found by trying a few on the questions held back: breadth of a layer, of the attention and of the comparison.
BREADTH, ATTENTION, HIDDEN = 128, 64, 128
EPOCHS, BATCH, RATE, DECAY, DROP = 8, 48, 1e-3, 0.1, 0.3
WARM_UP = 60
# How often a statement comes with another about the same question, as sentences of a reply do.
IN_COMPANY = 0.15
SMOOTHING = 0.05
_HELD_BACK = 8
_RELATED = 0.55
_SAMPLED = 15_000


class Statement(BaseModel):
    """A key point's four sentences."""

    question_id: str
    n: int = Field(ge=0)
    said: str = Field(min_length=1)
    near: str = Field(min_length=1)
    free: str = Field(min_length=1)
    beside: str = Field(min_length=1)

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.said, self.near, self.free, self.beside)

    @property
    def held_back(self) -> bool:
        """One question in eight is kept for telling how training goes."""
        return int(hashlib.sha256(self.question_id.encode()).hexdigest(), 16) % _HELD_BACK == 0


@dataclass(frozen=True, slots=True)
class Example:
    """A wording of a point, the sentences laid beside it, and what they do to it."""

    wording: str
    sentences: tuple[str, ...]
    label: int


@dataclass(frozen=True, slots=True)
class Told:
    """How well held-back statements are told apart: the share that is right, and two areas under the curve."""

    right: float
    said_or_contradicted: float
    said_or_beside: float
    examples: int


def load(files: Sequence[Path] = ()) -> list[Statement]:
    """All statements. Raises BadInput with file:line."""
    return [
        parsed(Statement, text, f"{file.name}:{number}", "Mend the line or take it out.")
        for file in files or sorted(FOLDER.glob("statements*.jsonl"))
        for number, text in lines(file)
    ]


def examples(
    statements: Sequence[Statement], questions: Mapping[str, Question], about: Mapping[str, int], rng: random.Random
) -> Iterator[Example]:
    """One epoch's examples: each statement against a wording of its point, sentences of other points, and the bank's
    misconceptions against what is right. `about` says which key point a misconception is about.
    """
    of: dict[str, list[Statement]] = {}
    for statement in statements:
        of.setdefault(statement.question_id, []).append(statement)
    for statement in statements:
        question = questions[statement.question_id]
        wordings = question.key_points[statement.n].wordings
        others = [other for other in of[statement.question_id] if other.n != statement.n]

        def against(text: str, label: int, wordings: Sequence[str] = wordings, others: Sequence[Statement] = others) -> Example:
            wording = wordings[0] if rng.random() < 0.5 else rng.choice(wordings)
            company = (rng.choice(rng.choice(others).texts),) if others and rng.random() < IN_COMPANY else ()
            return Example(wording, (text, *company) if rng.random() < 0.5 else (*company, text), label)

        yield against(statement.said, SAYS)
        yield against(statement.near, CONTRADICTS)
        yield against(statement.free, CONTRADICTS)
        yield against(statement.beside, BESIDE)
        if len(wordings) > 1:
            one, other = rng.sample(wordings, 2)
            yield Example(one, (other,), SAYS)
        if others:
            yield against(rng.choice(rng.choice(others).texts), BESIDE)
            yield Example(rng.choice(wordings), (rng.choice(question.key_points[rng.choice(others).n].wordings),), BESIDE)
    for question_id in of:
        points = questions[question_id].key_points
        for wrong in questions[question_id].misconceptions:
            if wrong.rather:
                yield Example(wrong.rather, (wrong.text,), CONTRADICTS)
                yield Example(wrong.text, (wrong.rather,), CONTRADICTS)
            if wrong.text in about:
                for wording in rng.sample(points[about[wrong.text]].wordings, min(2, len(points[about[wrong.text]].wordings))):
                    yield Example(wording, (wrong.text,), CONTRADICTS)


class Net(nn.Module):
    """The trained twin of `coach.entail.Entailment`, on padded batches."""

    def __init__(self) -> None:
        super().__init__()
        width = BREADTH * len(STATE_LAYERS)
        self.temp = nn.Parameter(torch.tensor([4.0, 4.0, 8.0]))
        self.att = nn.Linear(width, ATTENTION, bias=False)
        self.proj = nn.Linear(width, HIDDEN)
        self.cmp1 = nn.Linear(4 * HIDDEN + len(STATE_LAYERS), HIDDEN)
        self.cmp2 = nn.Linear(HIDDEN, HIDDEN)
        self.out1 = nn.Linear(4 * HIDDEN + 2 * len(STATE_LAYERS), HIDDEN)
        self.out2 = nn.Linear(HIDDEN, 3)
        self.drop = nn.Dropout(DROP)

    def forward(self, one: Tensor, one_there: Tensor, other: Tensor, other_there: Tensor) -> Tensor:
        split = zip(torch.split(one, BREADTH, 2), torch.split(other, BREADTH, 2), strict=True)
        cosines = [a @ b.transpose(1, 2) for a, b in split]
        likeness = self.att(one) @ self.att(other).transpose(1, 2)
        likeness = likeness + sum(cosine * heat for cosine, heat in zip(cosines, self.temp, strict=True))
        to_other = likeness.masked_fill(other_there[:, None, :] == 0, -1e4).softmax(2)
        to_one = likeness.masked_fill(one_there[:, :, None] == 0, -1e4).softmax(1).transpose(1, 2)
        a, b = self.proj(self.drop(one)) * 2, self.proj(self.drop(other)) * 2
        judged_a = self._judged(a, to_other @ b, to_other, cosines, one_there)
        judged_b = self._judged(b, to_one @ a, to_one, [cosine.transpose(1, 2) for cosine in cosines], other_there)
        whole = torch.cat([*judged_a[:2], *judged_b[:2], judged_a[2], judged_b[2]], 1)
        result: Tensor = self.out2(self.drop(self.out1(whole).relu()))
        return result

    def _judged(
        self, own: Tensor, beside: Tensor, lies: Tensor, cosines: Sequence[Tensor], there: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        near = torch.stack([(lies * cosine).sum(2) for cosine in cosines], 2)
        pair = torch.cat([own, beside, own - beside, own * beside, near], 2)
        hidden = self.drop(self.cmp1(self.drop(pair)).relu())
        judged = self.cmp2(hidden).relu() * there[..., None]
        count = there.sum(1, keepdim=True).clamp(min=1)
        return judged.sum(1) / count, judged.amax(1), (near * there[..., None]).sum(1) / count


@dataclass(frozen=True)
class Training:
    """The texts' layers in their main directions, found on the texts themselves, and what is to be learned from them."""

    statements: tuple[Statement, ...]
    questions: Mapping[str, Question]
    about: Mapping[str, int]
    mean: Tensor
    base: Tensor
    pieces: Mapping[str, Tensor]

    @classmethod
    def over(
        cls,
        statements: Sequence[Statement],
        questions: Mapping[str, Question],
        embedder: Embedder,
        progress: Progress,
        net: Entailment | None = None,
    ) -> Training:
        """Read all texts once; `progress` counts them. The main directions are those of `net`, or found anew.

        Raises BadInput for a statement about no key point.
        """
        for statement in statements:
            question = questions.get(statement.question_id)
            if question is None or statement.n >= len(question.key_points):
                raise BadInput(
                    f"There is no key point {statement.n} of {statement.question_id} in the bank. Take the statement out."
                )
        texts = texts_of(statements, questions)
        states: dict[str, Tensor] = {}
        vectors: dict[str, Vectors] = {}
        for start in range(0, len(texts), 256):
            some = texts[start : start + 256]
            for text, reading in zip(some, embedder.read(some), strict=True):
                states[text], vectors[text] = torch.from_numpy(reading.states).half(), reading.vector
            progress(len(some))
        found = (net.arrays["mean"], net.arrays["base"]) if net else _main_directions(list(states.values()))
        mean, base = (torch.as_tensor(each) for each in found)
        pieces = {text: _projected(state.float(), mean, base) for text, state in states.items()}
        asked = [questions[id_] for id_ in dict.fromkeys(statement.question_id for statement in statements)]
        return cls(tuple(statements), questions, _about(asked, vectors), mean, base, pieces)

    def train(self, report: Callable[[int, Told], None], seed: int = 0) -> Net:
        """A net after `EPOCHS` epochs with AdamW and a cosine schedule. `report` hears how each epoch went."""
        torch.manual_seed(seed)
        rng = random.Random(seed)  # noqa: S311 nothing secret
        learned = [statement for statement in self.statements if not statement.held_back]
        net = Net()
        optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
        steps = EPOCHS * sum(1 for _ in examples(learned, self.questions, self.about, random.Random(seed))) // BATCH  # noqa: S311
        warm = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / WARM_UP, total_iters=WARM_UP)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps - WARM_UP))
        schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, [warm, cosine], [WARM_UP])
        for epoch in range(EPOCHS):
            net.train()
            for batch in self._batches(list(examples(learned, self.questions, self.about, rng)), rng):
                loss = cross_entropy(net(*self._padded(batch)), torch.tensor([e.label for e in batch]), label_smoothing=SMOOTHING)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(net.parameters(), 2.0)
                optimizer.step()
                schedule.step()
            report(epoch + 1, self.told(net))
        return net

    def told_by(self, net: Entailment) -> Told:
        """How a stored net does; the training must be over its directions."""
        twin = Net()
        arrays = {name: torch.from_numpy(value) for name, value in net.arrays.items() if name not in {"mean", "base"}}
        twin.load_state_dict({"att.weight": arrays.pop("att"), **arrays})
        return self.told(twin)

    def told(self, net: Net) -> Told:
        """How the net does on the statements held back."""
        chosen = list(examples([s for s in self.statements if s.held_back], self.questions, self.about, random.Random(1)))  # noqa: S311
        net.eval()
        with torch.inference_mode():
            parts = [net(*self._padded(chosen[at : at + 256])).softmax(1) for at in range(0, len(chosen), 256)]
        chances = torch.cat(parts).numpy()
        labels = np.array([example.label for example in chosen])

        def area(wrong: int) -> float:
            rows = (labels == SAYS) | (labels == wrong)
            return float(roc_auc_score(labels[rows] == SAYS, chances[rows, SAYS] - chances[rows, wrong]))

        return Told(float((chances.argmax(1) == labels).mean()), area(CONTRADICTS), area(BESIDE), len(chosen))

    def store(self, net: Net, file: Path = FILE) -> None:
        """In half precision: the net's answers change in the third decimal."""
        arrays = {name: value.numpy() for name, value in net.state_dict().items()}
        arrays["att"] = arrays.pop("att.weight")
        arrays |= {"mean": self.mean.numpy(), "base": self.base.numpy()}
        with file.open("wb") as out:
            np.savez_compressed(out, **{name: value.astype(np.float16) for name, value in arrays.items()})

    def _batches(self, drawn: list[Example], rng: random.Random) -> list[list[Example]]:
        """Batches of about equal length, in random order."""
        rng.shuffle(drawn)
        found = []
        for start in range(0, len(drawn), 16 * BATCH):
            some = sorted(drawn[start : start + 16 * BATCH], key=lambda e: sum(len(self.pieces[s]) for s in e.sentences))
            found += [some[at : at + BATCH] for at in range(0, len(some), BATCH)]
        rng.shuffle(found)
        return found

    def _padded(self, batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        one = [self.pieces[example.wording] for example in batch]
        other = [torch.cat([self.pieces[sentence] for sentence in example.sentences]) for example in batch]
        return (*_padded(one), *_padded(other))


def texts_of(statements: Sequence[Statement], questions: Mapping[str, Question]) -> list[str]:
    """Every text that training reads, once."""
    own = [text for statement in statements for text in statement.texts]
    asked = [questions[id_] for id_ in dict.fromkeys(statement.question_id for statement in statements)]
    points = [wording for question in asked for point in question.key_points for wording in point.wordings]
    wrong = [text for question in asked for m in question.misconceptions for text in (m.text, m.rather) if text]
    return list(dict.fromkeys([*own, *points, *wrong]))


def _about(questions: Sequence[Question], vectors: Mapping[str, Vectors]) -> dict[str, int]:
    """The key point nearest to each misconception or to what is right instead, where one is near."""
    found = {}
    for question in questions:
        for wrong in question.misconceptions:
            both = [vectors[text] for text in (wrong.text, wrong.rather) if text]
            nearness = [
                max(float(vectors[wording] @ vector) for wording in point.wordings for vector in both)
                for point in question.key_points
            ]
            if max(nearness) >= _RELATED:
                found[wrong.text] = nearness.index(max(nearness))
    return found


def _main_directions(states: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Each layer's mean, shape (layers, dimension), and its first principal directions, (layers, dimension, BREADTH)."""
    sample = torch.cat(list(states[::3])).float()
    sample = sample[torch.randperm(len(sample), generator=torch.Generator().manual_seed(0))[:_SAMPLED]]
    found = []
    for layer in sample.chunk(len(STATE_LAYERS), dim=1):
        mean = layer.mean(0)
        directions = torch.linalg.svd(layer - mean, full_matrices=False).Vh
        found.append((mean, directions[:BREADTH].T))
    return torch.stack([mean for mean, _ in found]), torch.stack([base for _, base in found])


def _projected(state: Tensor, mean: Tensor, base: Tensor) -> Tensor:
    parts = zip(state.chunk(len(STATE_LAYERS), dim=1), mean, base, strict=True)
    return torch.cat([normalize((part - at) @ along, dim=1) for part, at, along in parts], 1)


def _padded(texts: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    padded = nn.utils.rnn.pad_sequence(list(texts), batch_first=True)
    there = nn.utils.rnn.pad_sequence([torch.ones(len(text)) for text in texts], batch_first=True)
    return padded, there


def digest(statements: Sequence[Statement]) -> str:
    return hashlib.sha256(json.dumps([s.model_dump() for s in statements]).encode()).hexdigest()
