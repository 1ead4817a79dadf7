"""From a request to rows and from rows to text: tokens, grammars, limits of length. Imports torch."""

from __future__ import annotations

import time
from random import Random

from shop_ai.exceptions import RequestTooLarge, UnsupportedRequest
from shop_ai.lm.base import Candidate, Choose, Generate
from shop_ai.lm.local.choose import told_apart
from shop_ai.lm.local.growing import Growing
from shop_ai.lm.local.masks import Grammars
from shop_ai.lm.local.prompt import Prompts
from shop_ai.lm.local.ticket import Row, Ticket


class Intake:
    """What the loop needs to know of the tokenizer."""

    def __init__(
        self, prompts: Prompts, grammars: Grammars, *, stops: frozenset[int], longest: int, most_rows: int
    ) -> None:
        self.prompts = prompts
        self.grammars = grammars
        self.stops = stops
        self.longest = longest
        """Tokens that one row can have, by the checkpoint's context and the memory."""
        self.most_rows = most_rows

    def prepare(self, ticket: Ticket) -> None:
        """Fill in prompt, guide and answers; raises `BackendError` for what cannot be answered."""
        request = ticket.request
        ticket.started = time.monotonic()
        ticket.prompt = self.prompts.prompt(request.messages)
        if isinstance(request, Choose):
            self._prepare_answers(ticket, request)
        else:
            self._prepare_text(ticket, request)
        if ticket.length > self.longest:
            raise RequestTooLarge(
                f"The text and its answer have {ticket.length} tokens; "
                f"the language model can take {self.longest}."
            )

    def _prepare_answers(self, ticket: Ticket, request: Choose) -> None:
        answers = tuple(self.prompts.trusted(answer) for answer in request.answers)
        if not answers or not all(answers):
            raise UnsupportedRequest("Choose needs at least one answer, and none may be empty.")
        ticket.answers = told_apart(answers, min(self.stops))

    def _prepare_text(self, ticket: Ticket, request: Generate) -> None:
        if request.max_tokens < 1 or request.n < 1:
            raise UnsupportedRequest("A request must allow at least one token and one candidate.")
        if request.n > self.most_rows:
            raise RequestTooLarge(
                f"{request.n} candidates are more than the {self.most_rows} rows of a batch."
            )
        if request.schema is not None:
            ticket.guide = self.grammars.guide(request.schema)

    def row(self, ticket: Ticket, number: int) -> Row:
        """The row of one candidate, before its first token."""
        assert isinstance(ticket.request, Generate)  # noqa: S101 - a Choose never gets here
        seed = ticket.request.sampling.seed
        # Not for secrets: the same seed must give the same text.
        random = Random() if seed is None else Random(f"{seed}/{number}")  # noqa: S311
        guide = ticket.guide.copy() if ticket.guide else None
        listens = number == 0 and ticket.listener.is_there
        growing = Growing(self.prompts.text) if listens else None
        return Row(ticket=ticket, number=number, random=random, guide=guide, growing=growing)

    def write(self, row: Row, token: int) -> None:
        """Append a token; sets `finish` when the row is complete."""
        if row.error:
            return
        if token in self.stops:
            row.finish, row.end = "stop", token
            return
        row.tokens.append(token)
        if row.guide is not None:
            if not row.guide.take(token):
                row.error = "The schema could not be followed."
            elif row.guide.stopped:
                row.finish = "stop"
        if not row.finish and len(row.tokens) >= row.request.max_tokens:
            row.finish = "stop" if row.guide is not None and row.guide.accepts else "length"

    def tell(self, row: Row) -> None:
        """Tell who listens how far the text is; raises `BackendError` where that fails."""
        if row.growing is not None and not row.error:
            text = self.candidate(row).text if row.finish else row.growing.add(row.tokens)
            row.ticket.listener.tell(text)

    def candidate(self, row: Row) -> Candidate:
        """The finished row as text."""
        text = self.prompts.text(row.tokens)
        if row.finish == "length":
            text = text.rstrip("\ufffd")  # half of a letter
            return Candidate(text=text, tokens=len(row.tokens), finish="length")
        return Candidate(text=text, tokens=len(row.tokens))
