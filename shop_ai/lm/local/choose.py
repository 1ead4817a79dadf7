"""Probabilities of given answers, by forward passes alone. Imports torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from shop_ai.lm.calibration import softmax
from shop_ai.lm.local.network import Network
from shop_ai.lm.local.rows import Rows, padded
from shop_ai.lm.local.ticket import Prompt

Answers = Sequence[tuple[int, ...]]


def weigh(
    rows: Rows, prompts: Sequence[Prompt], answers: Answers, shared: tuple[int, ...], longest: int
) -> Tensor:
    """Prompts × answers of log-probabilities, the prompts computed once in the places above the rows.

    One pass gives the first token of every answer; each longer answer takes one more, over its own
    tokens only, written behind the prompt and overwritten by the next.
    """
    first, lengths = rows.count, [len(prompt) for prompt in prompts]
    start = torch.log_softmax(rows.prefill(prompts, shared, longest).float(), dim=-1)
    total = start[:, [answer[0] for answer in answers]]
    for column, answer in enumerate(answers):
        if len(answer) > 1:
            ids = torch.tensor([answer[:-1]] * len(prompts))
            logits = rows.network.extend(rows.cache, first, ids, lengths)
            total[:, column] += _continued(logits, [answer] * len(prompts))
    return total


def recompute(network: Network, prompts: Sequence[Prompt], answers: Answers) -> Tensor:
    """The same, a full row for each prompt and answer: slow, for every architecture."""
    columns = [_score(network, prompts, answer) for answer in answers]
    return torch.stack(columns, dim=1)


def _score(network: Network, prompts: Sequence[Prompt], answer: tuple[int, ...]) -> Tensor:
    full = [(*prompt.prefix, *prompt.rest, *answer[:-1]) for prompt in prompts]
    ids = padded(full)
    mask = torch.tensor([[1] * len(row) + [0] * (ids.shape[1] - len(row)) for row in full])
    logits = network.forward(ids, None, attention_mask=mask.to(network.device), use_cache=False)
    result = []
    for index, row in enumerate(full):
        part = logits[index, len(row) - len(answer) : len(row)].float()
        result.append(torch.log_softmax(part, dim=-1)[range(len(answer)), list(answer)].sum())
    return torch.stack(result)


def _continued(logits: Tensor, answers: Answers) -> Tensor:
    """The log-probability of each answer after its first token."""
    wanted = torch.tensor([answer[1:] for answer in answers], device=logits.device)
    chosen = torch.log_softmax(logits.float(), dim=-1).gather(-1, wanted[:, :, None])
    return chosen.squeeze(-1).sum(dim=-1)


def told_apart(answers: Answers, stop: int) -> tuple[tuple[int, ...], ...]:
    """The answers; with the stop token behind each when one is the beginning of another."""
    begins = any(a != b and b[: len(a)] == a for a in answers for b in answers)
    return tuple((*answer, stop) if begins else answer for answer in answers)


def probabilities(
    totals: Sequence[float], lengths: Sequence[int], *, by_length: bool = False, temperature: float = 1.0
) -> tuple[float, ...]:
    """Log-probabilities of whole answers → probabilities that sum to 1.

    Sums punish longer answers; `by_length` takes the mean for each token instead.
    """
    scores = [total / length if by_length else total for total, length in zip(totals, lengths, strict=True)]
    return softmax(scores, temperature)
