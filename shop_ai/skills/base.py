"""What a skill is: what it reads, asks, expects back and writes. No models of ours, no backend."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, ClassVar

from django.core import checks
from django.template import TemplateSyntaxError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shop_ai.conf import config
from shop_ai.exceptions import InvalidOutput, WrongLanguage
from shop_ai.lm.base import Choose, Completion, Generate, Message, Request, Sampling, Segment, says
from shop_ai.roles import Role
from shop_ai.roles.values import SOURCE
from shop_ai.safety.language import in_language
from shop_ai.skills import prompt
from shop_ai.skills.following import shown, text_of
from shop_ai.skills.guidance import Guidance


class Params(BaseModel):
    """Options a person may choose for one run; a skill adds its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str | None = Field(default=None, max_length=16, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    """Language to write in; empty means the row's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a skill is asked about."""

    values: Mapping[str, Any]
    params: Any
    language: str
    limits: Mapping[str, int] = field(default_factory=dict)
    """Output field → most characters the store's own field takes."""
    seed: int = 0
    again: bool = False
    """Whether somebody asked for another text than the one there was."""
    guidance: Guidance = field(default_factory=Guidance)
    """What the store wants of texts like this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A validated output, the candidates beside it, and what each says for the store's fields."""

    output: BaseModel
    candidates: tuple[BaseModel, ...] = ()


@cache
def _schema(output: type[BaseModel]) -> dict[str, Any]:
    """The form of an answer, made once: it takes a third of a millisecond, and every job asks for it."""
    return output.model_json_schema()


class Skill:
    """One thing the AI can do. Subclass it, declare, and name the class in `SHOP_AI["SKILLS"]`."""

    name: ClassVar[str]
    label: ClassVar[str]
    role: ClassVar[Role]
    system: ClassVar[str] = "You work for an online shop. You state only what the given facts say."
    """What the language model is told first; cannot be edited away by guidance."""
    prompt: ClassVar[str]
    """Template over the role's values, `params` and `language`."""
    Output: ClassVar[type[BaseModel]]
    Params: ClassVar[type[Params]] = Params
    writes: ClassVar[Mapping[str, str]] = {}
    """Output field → role field."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Role fields without which it declines every row; a check says so where the store binds none."""
    approval: ClassVar[bool] = True
    """Whether a person must apply the result; scores set it to False."""
    by_code: ClassVar[bool] = False
    """Whether code puts the text together, and no language model is asked."""
    streams: ClassVar[bool] = False
    """Whether readers may follow the first answer, sentence by checked sentence, while it is written."""
    staleness: ClassVar[str] = "requeue"
    """What to do when the facts changed meanwhile: requeue, suggest or ignore."""
    condition: ClassVar[Mapping[str, Any]] = {}
    """Filter that a row must meet."""
    adapter: ClassVar[str | None] = None
    """Name of an installed LoRA adapter to answer with; None is the bare checkpoint."""
    max_tokens: ClassVar[int] = 256
    temperature: ClassVar[float] = 0.0
    top_p: ClassVar[float] = 1.0

    # -- asking --------------------------------------------------------------------------------

    def requests(self, subject: Subject) -> Sequence[Request]:
        """What to ask the language model; raise `Declined` when there is nothing to ask about."""
        return [
            Generate(
                messages=self.messages(subject),
                max_tokens=self.max_tokens,
                sampling=Sampling(temperature=self.temperature, top_p=self.top_p, seed=subject.seed),
                n=self.candidates(subject),
                schema=self.schema(subject),
            )
        ]

    def ask(self, subject: Subject) -> tuple[Request, ...]:
        """`requests`, each under the skill's adapter and calibration: what the language model is sent."""
        return tuple(self._ours(request) for request in self.requests(subject))

    def _ours(self, request: Request) -> Request:
        if isinstance(request, Choose):
            return replace(request, adapter=self.adapter, skill=self.name)
        return replace(request, adapter=self.adapter)

    def messages(self, subject: Subject) -> tuple[Message, ...]:
        told = says("system", self.system, *subject.guidance.segments())
        return (told, Message(role="user", segments=self.render(subject)))

    def render(self, subject: Subject) -> tuple[Segment, ...]:
        text = prompt.source(self.name, self.prompt)
        context = {self.role.name: subject.values, **self.context(subject)}
        return prompt.render(text, context)

    def context(self, subject: Subject) -> dict[str, Any]:
        """What the template sees beside the role's values."""
        return {"params": subject.params.model_dump(), "language": subject.language}

    def candidates(self, subject: Subject) -> int:
        return int(getattr(subject.params, "candidates", 1))

    def schema(self, subject: Subject) -> dict[str, Any]:
        """The output's JSON schema, no text longer than the field it goes to."""
        schema = deepcopy(_schema(self.Output))
        for name, limit in subject.limits.items():
            found = schema["properties"].get(name, {})
            if found.get("type") == "string":
                found["maxLength"] = min(limit, found.get("maxLength", limit))
        return schema

    # -- answering -----------------------------------------------------------------------------

    def answer(self, completions: Sequence[Completion], subject: Subject) -> Answer:
        """The best output first; `InvalidOutput` when none is usable."""
        outputs: list[BaseModel] = []
        problems: list[InvalidOutput] = []
        for raw in self.parse(completions, subject):
            try:
                output = self.verify(raw, subject)
                if not self.speaks(output, subject.language):
                    raise WrongLanguage
                outputs.append(output)
            except InvalidOutput as error:
                problems.append(error)
        if not outputs:
            raise problems[0] if problems else InvalidOutput
        return Answer(output=outputs[0], candidates=tuple(outputs))

    def parse(self, completions: Sequence[Completion], subject: Subject) -> list[BaseModel]:
        """Each candidate's text as an Output; those that do not validate are left out."""
        outputs = []
        for candidate in completions[0].candidates:
            try:
                outputs.append(self.Output.model_validate_json(candidate.text))
            except ValidationError:
                continue
        return outputs

    def verify(self, output: Any, subject: Subject) -> BaseModel:
        """Check and clean one output by code; raise `InvalidOutput` to refuse it."""
        found: BaseModel = output
        return found

    def speaks(self, output: BaseModel, language: str) -> bool:
        """Whether every text for the store is in that language; scores and labels are not asked."""
        texts = [value for value in self.results(output).values() if isinstance(value, str) and value]
        return not self.approval or all(in_language(text, language, config().LANGUAGES) for text in texts)

    def results(self, output: BaseModel) -> dict[str, Any]:
        """Role field → value, of what this output writes."""
        return {role_field: getattr(output, name) for name, role_field in self.writes.items()}

    def left_out(self, results: Mapping[str, Any], subject: Subject) -> list[str]:
        """Names of the facts that these results, by role field, do not state; for people to know."""
        return []

    def reads(self) -> set[str]:
        """Fields of the role that the prompt asks for; the worker loads them for many rows at once."""
        asked = prompt.variables(prompt.source(self.name, self.prompt))
        return {
            rest.partition(".")[0]
            for head, _, rest in (name.partition(".") for name in asked)
            if head == self.role.name and rest
        }

    # -- being followed ------------------------------------------------------------------------

    @classmethod
    def streamed(cls) -> str:
        """The output field that readers follow: the first text that is written, else the first text."""
        texts = [name for name, found in cls.Output.model_fields.items() if found.annotation is str]
        return next((name for name in (*cls.writes, *texts) if name in texts), "")

    def words(self, text: str, request: Generate) -> str:
        """What an unfinished answer says to readers: free text as it is, of JSON the field they follow."""
        return text if request.schema is None else text_of(text, self.streamed())

    def sentence(self, text: str, subject: Subject) -> str | None:
        """A finished sentence as readers may see it, or None to keep it back. Quick, and without a query."""
        return shown(text) or None

    # -- identity ------------------------------------------------------------------------------

    def version(self) -> str:
        """Changes whenever the prompt, the frame or the form of the answer changes."""
        parts = [
            self.name,
            self.system,
            prompt.source(self.name, self.prompt),
            _schema(self.Output),
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @classmethod
    def check(cls) -> list[checks.CheckMessage]:
        """Mistakes in this class, found before anything runs."""
        found: list[checks.CheckMessage] = []
        try:
            asked = prompt.variables(cls.prompt)
        except TemplateSyntaxError as error:
            hint = "Use Django's tags and only the filters of shop_ai/skills/filters.py."
            return [
                checks.Error(
                    f"The prompt of {cls.name} does not compile: {error}", hint=hint, id="shop_ai.E060"
                )
            ]
        known = {*cls.role.fields, *cls.writes.values(), SOURCE}
        for dotted in sorted(asked):
            head, _, rest = dotted.partition(".")
            if head == cls.role.name and rest.partition(".")[0] not in known:
                message = f"The prompt of {cls.name} asks for {dotted!r}, which no {head} has."
                found.append(
                    checks.Error(message, hint=f"Known: {', '.join(sorted(known))}.", id="shop_ai.E061")
                )
        for name in sorted(set(cls.writes) - set(cls.Output.model_fields)):
            message = f"{cls.name}.writes names {name!r}, which its Output does not have."
            hint = f"Fields of the Output: {', '.join(cls.Output.model_fields)}."
            found.append(checks.Error(message, hint=hint, id="shop_ai.E062"))
        if cls.streams and not cls.streamed():
            message = f"{cls.name} streams, and its Output has no text that readers could follow."
            hint = "Give the Output a field of the type str, or set `streams = False`."
            found.append(checks.Error(message, hint=hint, id="shop_ai.E063"))
        return found
