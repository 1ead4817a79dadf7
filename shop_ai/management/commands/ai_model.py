"""`manage.py ai_model install|list|verify`: checkpoints and adapters on this computer. Needs no database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop_ai.conf import config
from shop_ai.exceptions import ShopAIError
from shop_ai.lm import adapters, checkpoints


class Command(BaseCommand):
    """Install, list and verify language models."""

    help = "Install, list and verify the checkpoints of the language model; list and verify its adapters."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        known = ", ".join(checkpoints.KNOWN)
        install = actions.add_parser("install", help="Get a checkpoint, check and convert it.")
        install.add_argument("name", help=f"{known}, or a hub name: owner/name or owner/name@revision.")
        actions.add_parser("list", help="Show what is installed and what can be.")
        verify = actions.add_parser("verify", help="Compare every file with the manifest.")
        verify.add_argument("name", help="A checkpoint or an adapter.")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, action)(**{key: options[key] for key in ("name",) if key in options})
        except ShopAIError as error:
            raise CommandError(str(error), returncode=1) from error

    def install(self, name: str) -> None:
        checkpoints.install(name, config().CHECKPOINTS, say=self.say)

    def verify(self, name: str) -> None:
        found: checkpoints.Manifest | adapters.Manifest
        if adapters.exists(name, config().ADAPTERS):
            found = adapters.verify(name, config().ADAPTERS)
        else:
            found = checkpoints.verify(name, config().CHECKPOINTS)
        self.say(f"{name} is intact: {len(found.files)} files, weights {found.weights_sha256}.")

    def list(self) -> None:
        folder = config().CHECKPOINTS
        found = checkpoints.installed(folder)
        for manifest in found:
            size = f"{manifest.bytes // 1_000_000} MB"
            self.say(f"{manifest.name}  installed  {size}  {manifest.licence}  {manifest.source}")
        for name in sorted(checkpoints.KNOWN.keys() - {manifest.name for manifest in found}):
            self.say(f"{name}  not installed  (manage.py ai_model install {name})")
        self.say(f"Folder: {folder}")
        weights = {manifest.weights_sha256 for manifest in found}
        for adapter in adapters.installed(config().ADAPTERS):
            fits = adapter.checkpoint if adapter.fits in weights else f"none of these ({adapter.checkpoint})"
            size = f"{adapter.bytes // 1_000_000} MB"
            self.say(f"{adapter.name}  adapter  {size}  {adapter.licence}  fits {fits}")
        self.say(f"Folder of adapters: {config().ADAPTERS}")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
