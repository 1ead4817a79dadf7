"""`manage.py ai_run SKILL`: a skill on many rows, by the workers or right here."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections, transaction
from django.db.models import Count, Q, QuerySet

from shop_ai import jobs, tasks
from shop_ai.exceptions import ShopAIError
from shop_ai.management.following import followed
from shop_ai.management.progress import Progress, Quiet, counts, duration, in_words, left, watch
from shop_ai.management.selection import select
from shop_ai.models import Batch, Job, Lane, Pause, State, Suggestion, WorkerBoot
from shop_ai.models.job import LIVE, database
from shop_ai.models.suggestion import Decision
from shop_ai.roles import bound
from shop_ai.signals import job_finished
from shop_ai.skills import Skill, skill
from shop_ai.worker import Worker, build_backend

EXAMPLE = """--params '{"tone": "warm"}'"""
REASONS = 5
"""How many reasons of failed jobs are shown."""


class Command(BaseCommand):
    """Run a skill on rows of the store."""

    help = "Run a skill on rows of the store, and show how far it is. Fails when a job fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("skill")
        parser.add_argument(
            "--where",
            action="append",
            default=[],
            metavar="FIELD=VALUE",
            help="Only rows that fit; any lookup, such as price__gte=10 or long_text= (empty). Repeatable.",
        )
        parser.add_argument("--ids", nargs="+", default=[], metavar="ID", help="Only rows of these keys.")
        parser.add_argument("--limit", type=int, help="At most so many rows.")
        parser.add_argument("--params", default="{}", metavar="JSON", help="Options of the skill.")
        parser.add_argument(
            "--now",
            action="store_true",
            help="Load the language model here instead of waiting for a worker; does all that waits.",
        )
        parser.add_argument(
            "--stream", action="store_true", help="Print what the skill says while it is written."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object at the end.")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            asked = skill(options["skill"])
            if options["stream"] and not asked.streams:
                raise CommandError(f"{asked.name} does not stream; its class would say `streams = True`.")
            params = jobs.clean_params(asked, parsed(options["params"]))
            keys = self.rows(asked, options)
            refuse_in_vain(asked, now=options["now"])
            batch, mine = self.queue(asked, keys, params)
            out = self.stderr if options["json"] else self.stdout
            progress = Quiet(out) if options["stream"] else Progress(out)
            with followed(mine, out.write) if options["stream"] else nullcontext():
                found = here(mine, progress) if options["now"] else self.wait(asked, mine, progress)
        except ShopAIError as error:
            raise CommandError(str(error)) from error
        self.report(batch, mine, found, time.monotonic() - began, as_json=options["json"])

    def rows(self, asked: Skill, options: Mapping[str, Any]) -> list[Any]:
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit must be 1 or more.")
        chosen = {name: options[name] for name in ("where", "ids", "limit")}
        return select(asked, bound(asked.role), **chosen)

    def queue(
        self, asked: Skill, keys: Sequence[Any], params: Mapping[str, Any]
    ) -> tuple[Batch, QuerySet[Job]]:
        """One batch, as the admin's bulk action makes it; its jobs and those that waited already."""
        with transaction.atomic(using=database()):
            batch = Batch.objects.create(skill=asked.name, params=params, chosen=len(keys))
            rows = bound(asked.role).by_pk(*keys)
            queued = jobs.enqueue(asked.name, rows, params=params, lane=Lane.BULK, batch=batch)
            batch.coalesced = queued.coalesced
            batch.save(update_fields=["coalesced"])
            twins = waiting_already(asked, keys, batch) if batch.coalesced else []
        return batch, Job.objects.filter(Q(batch=batch) | Q(pk__in=twins))

    def wait(self, asked: Skill, mine: QuerySet[Job], progress: Progress) -> dict[str, int]:
        try:
            return watch(mine, progress, lambda: refuse_in_vain(asked, now=False))
        except CommandError as error:
            raise CommandError(f"{error} {waiting(mine)}") from error
        except KeyboardInterrupt:
            raise CommandError(f"Stopped looking. {waiting(mine)}", returncode=130) from None

    def report(
        self, batch: Batch, mine: QuerySet[Job], found: Mapping[str, int], seconds: float, *, as_json: bool
    ) -> None:
        dead, declined = (reasons(mine.filter(state=state)) for state in (State.DEAD, State.DECLINED))
        if as_json:
            rate = 60 * sum(found.values()) / max(seconds, 0.001)
            answer = {
                "skill": batch.skill,
                "batch": str(batch.pk),
                "rows": batch.chosen,
                "already_waiting": batch.coalesced,
                "states": dict(found),
                "seconds": round(seconds, 1),
                "per_minute": round(rate, 1),
                "failed": dead,
                "declined": declined,
            }
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            self.stdout.write(f"{in_words(found) or 'Nothing done'} in {duration(seconds)}.")
            if batch.coalesced:
                self.stdout.write(f"{batch.coalesced} of {batch.chosen} rows were waiting already.")
            if later := left(found):
                self.stdout.write(f"{later} wait for another try; a worker does them.")
            for reason in (*dead[:REASONS], *declined[:REASONS]):
                self.stdout.write(f"  {reason['jobs']} × {reason['reason']}")
            if drafts := Suggestion.objects.filter(job__in=mine, state=Decision.WAITING).count():
                self.stdout.write(f"{drafts} drafts wait for review: in the admin, Store AI, Batches.")
        if dead:
            failed = sum(reason["jobs"] for reason in dead)
            raise CommandError(
                f"{failed} of {sum(found.values())} jobs failed; the admin's job list has each."
            )


def parsed(text: str) -> dict[str, Any]:
    """The options; `CommandError` says where the JSON breaks."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise CommandError(f'--params is not JSON: {error}. Write --params \'{{"tone": "warm"}}\'') from error
    if not isinstance(found, dict):
        raise CommandError('--params must be a JSON object, such as \'{"tone": "warm"}\'.')
    return found


def refuse_in_vain(asked: Skill, *, now: bool) -> None:
    """`CommandError` where nobody would do the work."""
    for pause in Pause.objects.filter(skill__in=["", asked.name], lane__in=["", Lane.BULK]):
        raise CommandError(f"Paused: {pause.reason or pause}. End the pause in the admin first.")
    alive = [boot for boot in WorkerBoot.alive() if Lane.BULK in boot.lanes]
    if not alive and not now:
        raise CommandError(
            f"No worker is alive. Start one: {tasks.start_command()} - or add --now to do the work here."
        )
    if alive and not now and not any(boot.knows(asked.name) for boot in alive):
        raise CommandError(f"No worker knows {asked.name}: they run with older settings. Restart them.")
    if alive and now and connections[database()].vendor == "sqlite":
        raise CommandError(f"A worker is alive ({alive[0]}), and SQLite carries one: leave out --now.")


def waiting_already(asked: Skill, keys: Sequence[Any], batch: Batch) -> list[Any]:
    """The live jobs of these rows that another request has queued."""
    label = bound(asked.role).model._meta.label_lower
    live = Job.objects.filter(skill=asked.name, target_model=label, state__in=LIVE).exclude(batch=batch)
    wanted = set(map(str, keys))
    return [pk for pk, key in live.values_list("pk", "target_id") if key in wanted]


def waiting(mine: QuerySet[Job]) -> str:
    still = mine.filter(state__in=LIVE).count()
    return f"{still} jobs stay queued: a worker does them, and the admin can cancel them."


def reasons(dead: QuerySet[Job]) -> list[dict[str, Any]]:
    """Why jobs failed, the commonest first."""
    counted = dead.values_list("error_public").annotate(n=Count("pk")).order_by("-n", "error_public")
    return [{"reason": reason, "jobs": number} for reason, number in counted]


def here(mine: QuerySet[Job], progress: Progress) -> dict[str, int]:
    """Load the language model in this process and do all that waits."""
    worker = Worker(build_backend())
    try:
        worker.backend.open()
        with told(mine, progress):
            worker.work_off()
    except KeyboardInterrupt:
        worker.give_back()
        raise CommandError(f"Stopped. {waiting(mine)}", returncode=130) from None
    finally:
        worker.backend.close()
        progress.close()
    return counts(mine)


@contextmanager
def told(mine: QuerySet[Job], progress: Progress) -> Iterator[None]:
    """Show how far it is whenever a job ends."""

    def show(**kwargs: Any) -> None:
        progress(counts(mine))

    show()
    job_finished.connect(show, weak=False)
    try:
        yield
    finally:
        job_finished.disconnect(show)
