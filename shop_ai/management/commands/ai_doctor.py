"""`manage.py ai_doctor`: looks at everything between the button and the text, and says what to do."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from shop_ai.management.doctor import Finding, examine

MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


class Command(BaseCommand):
    """Settings, database, broker, checkpoint, workers, and one round trip."""

    help = "Look at settings, database, broker, checkpoint and workers; fails when something is broken."
    requires_system_checks = []  # they are what it looks at first

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        parser.add_argument("--now", action="store_true", help="Load the language model here, too.")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = []
        for finding in examine(now=options["now"]):
            findings.append(finding)
            if not options["json"]:
                self.tell(finding)
        broken = any(finding.level == "fail" for finding in findings)
        if options["json"]:
            answer = {"ok": not broken, "findings": [asdict(finding) for finding in findings]}
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        if broken:
            sys.exit(1)

    def tell(self, finding: Finding) -> None:
        style = {"ok": self.style.SUCCESS, "warn": self.style.WARNING, "fail": self.style.ERROR}
        self.stdout.write(f"{style[finding.level](MARKS[finding.level])} {finding.about}: {finding.text}")
        if finding.next and finding.level != "ok":
            self.stdout.write(f"     → {finding.next}")
        self.stdout.flush()
