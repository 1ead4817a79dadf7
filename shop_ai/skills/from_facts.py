"""What the skills have in common that write from a product's own facts, one sentence a fact.

A small language model can write a true sentence long before it can write a true page. A sentence is kept only
where code finds its fact in it and nothing else; where it is not, the fact is stated plainly, word for word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from shop_ai.conf import config
from shop_ai.exceptions import Declined, Unsupported
from shop_ai.lm.base import Completion, Generate, Message, Request, Sampling, says
from shop_ai.roles import PRODUCT
from shop_ai.safety import grounding
from shop_ai.safety.claims import ledger
from shop_ai.safety.html import plain
from shop_ai.safety.language import in_language
from shop_ai.safety.text import fit, sentences
from shop_ai.skills import wording
from shop_ai.skills.base import Params, Skill, Subject

Examples = Sequence[tuple[str, str, str]]
TONES: Mapping[str, str] = {
    "plain": "Write plainly.",
    "warm": "Speak to the customer.",
    "expert": "Write tersely, for people who know the trade.",
}
_EN: Examples = (
    ("Canvas Stool", "Brand: Hollin", "The Canvas Stool is by Hollin."),
    ("Alder Bookends", "Material: Solid alder wood", "The Alder Bookends are made of solid alder wood."),
    ("Trail Bottle", "Capacity: 750 ml", "The bottle holds 750 ml."),
    (
        "Wool Scarf",
        "Care: Hand wash cold, dry flat",
        "To care for the scarf, hand wash it cold and dry it flat.",
    ),
    ("Desk Lamp", "Colours: Black, white, sage", "The lamp comes in black, white and sage."),
    ("City Backpack", "Warranty: 3 years", "The backpack has a warranty of 3 years."),
    (
        "Rain Jacket",
        "Features: Full zip with a hidden pocket",
        "The jacket has a full zip with a hidden pocket.",
    ),
    ("LUNDEN", "Width: 73 cm", "The LUNDEN is 73 cm wide."),
    ("Wander Boots", "Weight: 840 g (29.6 oz)", "The boots weigh 840 g (29.6 oz)."),
    ("LUNDEN", "Type: Wall shelf", "The LUNDEN is a wall shelf."),
    ("Field Guide", "Publisher: Marrow Press", "The publisher of the Field Guide is Marrow Press."),
)
_WARM: Examples = (
    ("Canvas Stool", "Brand: Hollin", "Your Canvas Stool is by Hollin."),
    ("Alder Bookends", "Material: Solid alder wood", "Your Alder Bookends are made of solid alder wood."),
    ("Trail Bottle", "Capacity: 750 ml", "Your bottle holds 750 ml."),
    ("Wool Scarf", "Care: Hand wash cold, dry flat", "Please hand wash your scarf cold and dry it flat."),
    ("Desk Lamp", "Colours: Black, white, sage", "You can have your lamp in black, white and sage."),
    ("City Backpack", "Warranty: 3 years", "Your backpack has a warranty of 3 years."),
)
_EXPERT: Examples = (
    ("Canvas Stool", "Brand: Hollin", "By Hollin."),
    ("Alder Bookends", "Material: Solid alder wood", "Made of solid alder wood."),
    ("Trail Bottle", "Capacity: 750 ml", "Holds 750 ml."),
    ("Wool Scarf", "Care: Hand wash cold, dry flat", "Hand wash cold and dry flat."),
    ("Desk Lamp", "Colours: Black, white, sage", "Comes in black, white and sage."),
    ("City Backpack", "Warranty: 3 years", "Warranty of 3 years."),
)
_ZH: Examples = (
    ("帆布凳", "品牌: 禾林", "这款帆布凳来自禾林。"),
    ("榉木书立", "材质: 实心榉木", "这款书立采用实心榉木制成。"),
    ("户外水壶", "容量: 750毫升", "水壶容量为750毫升。"),
    ("羊毛围巾", "洗涤: 冷水手洗，平铺晾干", "围巾请用冷水手洗，平铺晾干。"),
    ("台灯", "颜色: 黑色、白色", "台灯有黑色、白色可选。"),
)


def examples(language: str, tone: str) -> Examples:
    """What a fact becomes, in this language and, in English, in this tone."""
    if language.startswith("zh"):
        return _ZH
    return {"warm": _WARM, "expert": _EXPERT}.get(tone, _EN)


class FactParams(Params):
    tone: Literal["plain", "warm", "expert"] | None = None
    """Empty means as the guidance says, else plain."""
    candidates: int = Field(default=1, ge=1, le=4)


class FromFacts(Skill):
    """A text for a product, from facts alone. `most_facts` of them are asked about, the brand first."""

    role = PRODUCT
    needs = ("attributes",)
    min_facts: ClassVar[int] = 2
    """Fewer facts than this beside the name, and nothing is written."""
    longest: ClassVar[int] = 2000
    """Characters; the store's own field may be shorter."""
    max_tokens = 48
    """For one sentence."""
    Params = FactParams

    system = (
        "You turn a product fact into one sentence. Keep every word and number of the fact and add nothing."
    )
    prompt = """Product: {{ product.name }}
{{ fact }}: {{ value }}"""

    def reads(self) -> set[str]:
        """Beside what the prompt names, what `facts` takes."""
        return super().reads() | {"brand", "attributes"}

    def most_facts(self, subject: Subject) -> int:
        raise NotImplementedError

    def requests(self, subject: Subject) -> list[Request]:
        refuse_unknown(subject.language)
        refuse_without(self.missing(subject.values))
        alone = subject.params.candidates == 1 and not subject.again
        sampling = Sampling(temperature=0.0 if alone else 0.5, top_p=0.9, seed=subject.seed)
        return [
            Generate(
                messages=self.messages(replace(subject, values={**named, "fact": fact, "value": value})),
                max_tokens=self.max_tokens,
                sampling=sampling,
                n=subject.params.candidates,
            )
            for named in [{"name": subject.values["name"]}]
            for fact, value in self.facts(subject)
        ]

    def missing(self, values: Mapping[str, Any]) -> list[str]:
        """What the product lacks; empty when there is enough to write from."""
        if not str(values.get("name") or "").strip():
            return ["name"]
        return [] if len(values.get("attributes") or {}) >= self.min_facts else ["attributes"]

    def facts(self, subject: Subject) -> list[tuple[str, str]]:
        """Those that the text has room for."""
        return all_facts(subject)[: self.most_facts(subject)]

    def messages(self, subject: Subject) -> tuple[Message, ...]:
        """Examples first: they are the same for every fact, so a backend computes them once."""
        tone = subject.params.tone or subject.guidance.tone or "plain"
        shown = [
            message
            for name, fact, sentence in examples(subject.language, tone)
            for message in (says("user", f"Product: {name}\n{fact}"), says("assistant", sentence))
        ]
        told = says("system", f"{self.system} {TONES[tone]}", *subject.guidance.segments())
        return (told, *shown, Message(role="user", segments=self.render(subject)))

    def context(self, subject: Subject) -> dict[str, Any]:
        return {name: subject.values[name] for name in ("fact", "value")}

    def parse(self, completions: Sequence[Completion], subject: Subject) -> list[BaseModel]:
        """The n-th candidate of every fact makes the n-th text."""
        texts = [
            " ".join(self._true_sentences(completions, subject, n)) for n in range(subject.params.candidates)
        ]
        if subject.language.startswith("zh"):
            texts = [text.replace(" ", "") for text in texts]
        found = [self._output(text) for text in dict.fromkeys(texts)]
        return [output for output in found if len(sentences(self._text(output))) >= self.min_facts]

    def left_out(self, results: Mapping[str, Any], subject: Subject) -> list[str]:
        """Those that were asked for, and that no sentence holds."""
        text, around = str(results.get(self.writes[self.field]) or ""), self._around(subject)
        worded = subject.guidance.worded
        missing = [
            fact
            for fact, value in self.facts(subject)
            if (worded(wording.plainly(fact, value)) or "\0") not in text
            and not any(grounding.says(one, f"{fact}: {value}", around) for one in sentences(text))
        ]
        return list(dict.fromkeys(missing))

    def verify(self, output: Any, subject: Subject) -> BaseModel:
        return self._output(self._fitted(output, subject))

    def answer(self, completions: Sequence[Completion], subject: Subject) -> Any:
        found = self.parse(completions, subject)
        if not found:
            raise Unsupported
        if not any(grounding.ends(self._fitted(output, subject)) for output in found):
            raise Unsupported("The store's field is too short for a whole sentence.")
        return super().answer(completions, subject)

    # -- one text ------------------------------------------------------------------------------

    @property
    def field(self) -> str:
        """The output field that holds the text."""
        return next(iter(self.writes))

    def _output(self, text: str) -> BaseModel:
        values: dict[str, Any] = {self.field: text}
        return self.Output.model_construct(None, **values)

    def _text(self, output: BaseModel) -> str:
        return str(getattr(output, self.field))

    def _fitted(self, output: BaseModel, subject: Subject) -> str:
        return fit(self._text(output), min(self.longest, subject.limits.get(self.field, self.longest)))

    def _around(self, subject: Subject) -> list[str]:
        """What every sentence may name."""
        return [str(subject.values["name"]), str(subject.values.get("brand") or "")]

    def _true_sentences(
        self, completions: Sequence[Completion], subject: Subject, candidate: int
    ) -> Iterator[str]:
        around = self._around(subject)
        for (fact, value), completion in zip(self.facts(subject), completions, strict=True):
            written = sentences(plain(completion.candidates[candidate].text))[:1]
            kept = [one for one in written if grounding.says(one, f"{fact}: {value}", around)]
            for sentence in (*kept, plain(wording.plainly(fact, value))):
                told = subject.guidance.worded(sentence)
                if grounding.ends(told) and self._known(told, subject) and _in(told, subject.language):
                    yield told
                    break

    def _known(self, sentence: str, subject: Subject) -> bool:
        """Whether the facts, all together, support every claim of the sentence."""
        values = subject.values
        known = {"name": values["name"], "brand": values.get("brand") or "", **values["attributes"]}
        known |= {"our words": subject.guidance.said} if subject.guidance.said else {}
        return not any(claim.flagged for claim in ledger(sentence, known))


def _in(sentence: str, language: str) -> bool:
    """A fact in Chinese is no sentence of an English text."""
    return in_language(sentence, language, (language,))  # by its script: a sentence is short for a guess


def refuse_unknown(language: str) -> None:
    """`Declined` for a language that the store does not write."""
    if language not in config().LANGUAGES:
        known = ", ".join(config().LANGUAGES)
        told = f"The store does not write {language}; its LANGUAGES are {known}."
        raise Declined(told, missing=["language"])


def refuse_without(missing: list[str]) -> None:
    if missing:
        raise Declined(f"Not enough facts to write from: {', '.join(missing)}.", missing=missing)


def all_facts(subject: Subject) -> list[tuple[str, str]]:
    """Every fact as name and value, the brand first."""
    brand = subject.values.get("brand")
    label = "品牌" if subject.language.startswith("zh") else "Brand"
    found = [(label, str(brand))] if brand else []
    return [*found, *wording.items(subject.values["attributes"])]
