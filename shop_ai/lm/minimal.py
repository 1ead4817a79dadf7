"""The smallest value that a JSON schema (as pydantic writes it) allows, with readable strings. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shop_ai.lm.pattern import matching

Schema = Mapping[str, Any]
MAX_DEPTH = 12  # a schema that refers to itself ends here, where an alternative allows it to

FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "echo@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filler:
    """Builds values of one schema; `words(maximum)` gives the text of a string."""

    root: Schema
    words: Callable[[int], str]
    bounded: bool = True
    """Whether a string keeps to its maxLength; tests of what happens otherwise switch it off."""
    variant: int = 0
    """Which of several valid values to take, where there is a choice."""

    def value(self, schema: Any, depth: int = 0) -> Any:
        """A valid value; raises `ValueError` for what the schema leaves impossible or endless."""
        if depth > MAX_DEPTH * 3:
            raise ValueError("The schema refers to itself without an end.")
        if not isinstance(schema, Mapping):  # `True`: anything goes
            return self.words(40)
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][self.variant % len(schema["enum"])]
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return self.value(_pick(schema[key], depth), depth + 1)
        return self._of_type(schema, depth)

    def _of_type(self, schema: Schema, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = kind[0]
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "integer":
                return int(self._number(schema, step=1))
            case "number":
                return self._number(schema, step=0.5)
            case "boolean":
                return bool(self.variant % 2)
            case "null":
                return None
        return self._string(schema)

    def _resolved(self, schema: Schema) -> Schema:
        """The schema with `$ref` followed and `allOf` merged."""
        for _ in range(MAX_DEPTH):
            if "$ref" in schema:
                rest = {key: value for key, value in schema.items() if key != "$ref"}
                schema = {**self._find(schema["$ref"]), **rest}
            elif "allOf" in schema:
                merged = {key: value for key, value in schema.items() if key != "allOf"}
                for part in schema["allOf"]:
                    merged.update(part)
                schema = merged
            else:
                return schema
        raise ValueError("The schema refers to itself without an end.")

    def _find(self, reference: str) -> Schema:
        found: Any = self.root
        for part in reference.removeprefix("#").strip("/").split("/"):
            if part:
                found = found[part.replace("~1", "/").replace("~0", "~")]
        return dict(found)

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        names = [name for name in properties if name in schema.get("required", ())]
        result = {name: self.value(properties[name], depth + 1) for name in names}
        extra = schema.get("additionalProperties", True)
        for number in range(len(result), schema.get("minProperties", 0)):
            result[f"key{number + 1}"] = self.value(extra, depth + 1)
        return result

    def _array(self, schema: Schema, depth: int) -> list[Any]:
        fixed = list(schema.get("prefixItems", ()))
        missing = max(0, schema.get("minItems", 0) - len(fixed))
        schemas = fixed + [schema.get("items", {})] * missing
        unique = schema.get("uniqueItems", False)
        fillers = [self._varied(number) if unique else self for number in range(len(schemas))]
        return [filler.value(item, depth + 1) for filler, item in zip(fillers, schemas, strict=True)]

    def _varied(self, number: int) -> Filler:
        def words(maximum: int) -> str:
            return f"{number + 1} {self.words(max(1, maximum - 3))}"[:maximum]

        return replace(self, words=words, variant=self.variant + number)

    def _number(self, schema: Schema, *, step: float) -> float:
        low = schema.get("minimum", -math.inf)
        high = schema.get("maximum", math.inf)
        if "exclusiveMinimum" in schema:
            low = max(low, schema["exclusiveMinimum"] + step)
        if "exclusiveMaximum" in schema:
            high = min(high, schema["exclusiveMaximum"] - step)
        factor = schema.get("multipleOf", 1 if step == 1 else 0)
        value = low if low > -math.inf else min(0, high)
        if factor:
            value = math.ceil(value / factor) * factor
        varied: float = value + self.variant * (factor or step)
        return varied if varied <= high else value

    def _string(self, schema: Schema) -> str:
        if schema.get("format") in FORMATS:
            return FORMATS[schema["format"]]
        maximum = schema.get("maxLength", 200)
        text = self.words(maximum)
        if not self.bounded:
            return text
        text = text[:maximum]
        while len(text) < schema.get("minLength", 0):
            text = f"{text} {text or 'echo'}"[:maximum]
        pattern = schema.get("pattern")
        return text if pattern is None else matching(pattern, text)


def _pick(options: Sequence[Schema], depth: int) -> Schema:
    """The first alternative; deep inside a recursion one that leads out of it."""
    if depth > MAX_DEPTH:
        for option in options:
            if option.get("type") in ("null", "string", "integer", "number", "boolean"):
                return option
    return options[0]


def smallest(schema: Schema, words: Callable[[int], str], *, variant: int = 0, bounded: bool = True) -> Any:
    """The smallest value the schema allows. `words(maximum)` gives text of at most `maximum` characters."""
    return Filler(root=schema, words=words, bounded=bounded, variant=variant).value(schema)
