"""Messages to token ids, so that no control token can come out of an untrusted segment. No torch."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from shop_ai.exceptions import BackendError, CheckpointError
from shop_ai.lm.base import Message
from shop_ai.lm.local.ticket import Prompt


class Prompts:
    """The chat template and two tokenizers: one for trusted text, one that knows no added tokens.

    The template is rendered with a marker in place of each untrusted segment. What lies between the
    markers is tokenised with control tokens, the segments without, and the ids are joined: a control
    token cannot form inside a segment, nor across its border.
    """

    def __init__(self, tokenizer: Any, *, template_options: Mapping[str, Any] | None = None) -> None:
        if not getattr(tokenizer, "is_fast", False) or not tokenizer.chat_template:
            raise CheckpointError(
                "The checkpoint has no tokenizer.json or no chat template; use a chat checkpoint."
            )
        self.tokenizer = tokenizer
        self.options = {"enable_thinking": False, **(template_options or {})}
        self.forbidden = _control_ids(tokenizer)
        self._plain = _without_added_tokens(tokenizer)
        nonce = secrets.token_hex(8)  # so that no trusted text can contain a marker by accident
        self._mark = f"\ue000{nonce}.{{}}\ue001"
        self._split = re.compile(f"\ue000{nonce}\\.(\\d+)\ue001")
        self._trusted = lru_cache(maxsize=512)(self._encode_trusted)

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The ids of a conversation, ready for the assistant's answer."""
        segments: list[str] = []
        pieces = self._split.split(self._render(messages, segments))
        trusted, numbers = pieces[::2], [int(number) for number in pieces[1::2]]
        if set(numbers) != set(range(len(segments))):
            raise BackendError("The chat template drops or changes a part of the messages.")
        ids = [self._trusted(trusted[0])]
        for number, text in zip(numbers, trusted[1:], strict=True):
            ids.append(self.untrusted(segments[number]))
            ids.append(self._trusted(text))
        rest = tuple(token for part in ids[1:] for token in part)
        return Prompt(ids[0], rest) if rest else Prompt((), ids[0])

    def untrusted(self, text: str) -> tuple[int, ...]:
        """The ids of text from outside; never a special or added token."""
        ids = self._encode_plain(text)
        if self.forbidden.isdisjoint(ids):
            return tuple(ids)
        # A vocabulary may spell out a control token as an ordinary word: then letter by letter.
        letters = (token for char in text for token in self._encode_plain(char))
        return tuple(token for token in letters if token not in self.forbidden)

    def trusted(self, text: str) -> tuple[int, ...]:
        """The ids of text of our own."""
        return self._trusted(text)

    def text(self, ids: Sequence[int]) -> str:
        """What the ids say, without control tokens."""
        decoded: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return decoded

    def _render(self, messages: Sequence[Message], segments: list[str]) -> str:
        chat = []
        for message in messages:
            content = ""
            for segment in message.segments:
                if segment.trusted:
                    content += segment.text
                elif segment.text:
                    content += self._mark.format(len(segments))
                    segments.append(segment.text)
            chat.append({"role": message.role, "content": content})
        return self._template(chat)

    def _template(self, chat: list[dict[str, str]]) -> str:
        from jinja2 import TemplateError

        options = {"tokenize": False, "add_generation_prompt": True, **self.options}
        try:
            rendered: str = self.tokenizer.apply_chat_template(chat, **options)
        except TemplateError:
            if len(chat) < 2 or chat[0]["role"] != "system":
                raise
            # Some templates know no system message: it goes before the first question.
            first = {"role": chat[1]["role"], "content": f"{chat[0]['content']}\n\n{chat[1]['content']}"}
            rendered = self.tokenizer.apply_chat_template([first, *chat[2:]], **options)
        return rendered

    def _encode_trusted(self, text: str) -> tuple[int, ...]:
        if not text:
            return ()
        return tuple(self.tokenizer.backend_tokenizer.encode(_clean(text), add_special_tokens=False).ids)

    def _encode_plain(self, text: str) -> list[int]:
        ids: list[int] = self._plain.encode(_clean(text), add_special_tokens=False).ids
        return ids


def _clean(text: str) -> str:
    """Without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _control_ids(tokenizer: Any) -> frozenset[int]:
    """Every special and every added token."""
    added: Iterable[int] = tokenizer.added_tokens_decoder
    return frozenset(tokenizer.all_special_ids) | frozenset(added)


def _without_added_tokens(tokenizer: Any) -> Any:
    """A copy of the tokenizer that has never heard of its special and added tokens."""
    from tokenizers import Tokenizer

    content = json.loads(tokenizer.backend_tokenizer.to_str())
    content.update(added_tokens=[], post_processor=None, truncation=None, padding=None)
    return Tokenizer.from_str(json.dumps(content))
