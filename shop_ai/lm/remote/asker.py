"""One part of a request: a candidate written, or the answers of a Choose weighed."""

from __future__ import annotations

from collections.abc import Sequence

from shop_ai.exceptions import AdapterError, UnsupportedRequest
from shop_ai.lm.base import Candidate, Choose, Completion, Generate, Message
from shop_ai.lm.remote import bodies, weights
from shop_ai.lm.remote.call import Call
from shop_ai.lm.remote.client import Client
from shop_ai.lm.remote.failures import NotFound
from shop_ai.lm.remote.reply import Reply, Tell, nobody
from shop_ai.lm.remote.ticket import Ticket


class Asker:
    """Speaks the server's dialect. Used by many threads at a time."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.dialect = bodies.Dialect()

    def part(self, ticket: Ticket, number: int) -> Completion:
        request, call = ticket.request, ticket.calls[number]
        try:
            if isinstance(request, Choose):
                return self._weighed(request, call)
            return self._written(request, number, call, nobody if number else ticket.listener.tell)
        except NotFound as error:
            if request.adapter is None:
                raise
            raise AdapterError(
                f"The server does not know {self.client.options.under(request.adapter).model!r}, "
                f"which is to be the adapter {request.adapter}."
            ) from error

    def _written(self, request: Generate, number: int, call: Call, tell: Tell) -> Completion:
        body = bodies.writing(request, number, self.client.options.under(request.adapter), self.dialect)
        reply = self.client.ask(body, call, tell=tell)
        tell(reply.text)
        tokens = min(reply.tokens_out, request.max_tokens)  # some count the end of the turn
        candidate = Candidate(text=reply.text, tokens=tokens, finish=reply.finish)
        return Completion(candidates=(candidate,), tokens_in=reply.tokens_in, tokens_out=tokens)

    def _weighed(self, request: Choose, call: Call) -> Completion:
        """By the first tokens of the answers where these tell them apart, else by letters.

        Neither punishes longer answers, so `by_length` changes nothing here.
        """
        answers = request.answers
        if not answers:
            raise UnsupportedRequest("Choose needs at least one answer.")
        if len(answers) == 1:
            return Completion(probabilities=(1.0,))
        read = 0
        if weights.apart(answers):
            reply = self._first(request, request.messages, call)
            read += reply.tokens_in
            if found := weights.by_beginning(reply.first, answers):
                return Completion(probabilities=found, tokens_in=read, tokens_out=1)
        if len(answers) > len(weights.LETTERS):
            raise UnsupportedRequest(f"More than {len(weights.LETTERS)} such answers cannot be weighed.")
        reply = self._first(request, weights.lettered(request.messages, answers), call)
        if found := weights.by_letter(reply.first, len(answers)):
            return Completion(probabilities=found, tokens_in=read + reply.tokens_in, tokens_out=1)
        raise UnsupportedRequest("The server tells the weight of none of the answers.")

    def _first(self, request: Choose, messages: Sequence[Message], call: Call) -> Reply:
        options = self.client.options.under(request.adapter)
        return self.client.ask(bodies.weighing(messages, options, self.dialect), call)
