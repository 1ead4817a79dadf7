"""`manage.py ai_evaluate NAME --cases FILE.jsonl`: how good a skill's answers, or a check's finds, are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop_ai.evaluation import evaluate
from shop_ai.evaluation.checkers import CHECKERS
from shop_ai.exceptions import ShopAIError
from shop_ai.management.progress import Progress
from shop_ai.models import State

SHOWN = 5
"""How many problems are told."""


class Command(BaseCommand):
    """Measure a skill or a checker on cases. Stores nothing and needs no worker."""

    help = "Measure a skill, or a check by code, on a file of cases; the language model is loaded here."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=f"A skill of the settings, or a checker: {', '.join(CHECKERS)}.")
        parser.add_argument(
            "--cases", required=True, type=Path, metavar="FILE.jsonl", help="One case a line."
        )
        parser.add_argument("--limit", type=int, help="The first so many lines.")
        parser.add_argument("--checkpoint", help="Another checkpoint than that of the settings.")
        parser.add_argument(
            "--adapter", help='Another adapter than the skill\'s own; "none" is the bare checkpoint.'
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object at the end.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit must be 1 or more.")
        progress = Progress(self.stderr)
        try:
            found = evaluate(
                options["name"],
                options["cases"],
                **{name: options[name] for name in ("limit", "checkpoint", "adapter")},
                told=lambda done, of: progress({State.SUCCEEDED: done, State.QUEUED: of - done}),
            )
        except ShopAIError as error:
            raise CommandError(str(error)) from error
        finally:
            progress.close()
        for problem in found.problems[:SHOWN]:
            self.stderr.write(f"  {problem}")
        if len(found.problems) > SHOWN:
            self.stderr.write(f"  … and {len(found.problems) - SHOWN} more")
        if options["json"]:
            self.stdout.write(json.dumps(found.figures(), ensure_ascii=False))
            return
        of = (
            f"{found.checkpoint}, adapter {found.adapter or 'none'}"
            if found.checkpoint
            else "no language model"
        )
        self.stdout.write(f"{found.skill}: {found.n} cases in {found.seconds:g} s, {of}")
        self.stdout.write(f"{found.declined} declined, {found.errors} errors")
        for name, value in found.metrics.items():
            self.stdout.write(f"  {name:28} {'-' if value is None else value}")
