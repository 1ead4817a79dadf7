"""The demo store as processes of its own, and a Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from demo_store.children import Child, free_port
from shop_ai.tasks import start_command
from tests.celery.harness import ROOT

PATIENCE = 180_000
"""Milliseconds after which a test gives up; never a measure of anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    url: str
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Migrated, seeded, with a worker on the embedded language model and a web process."""
    var = tmp_path_factory.mktemp("store")
    port = free_port(18000)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "demo_store.settings",
        "SHOP_VAR": str(var),
        "PYTHONUNBUFFERED": "1",
    }
    found = Store(url=f"http://127.0.0.1:{port}", environment=environment)
    found.manage("migrate", "--verbosity=0")
    found.manage("seed_store")
    found.manage("ai_model", "install", "smollm2-135m")
    children = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        celery = [sys.executable, "-m", *start_command().split()]
        children.append(Child("worker", celery, Path(var) / "worker.log"))
        web = [sys.executable, "-m", "uvicorn", "demo_store.asgi:application", "--lifespan=off"]
        children.append(Child("web", [*web, f"--port={port}"], Path(var) / "web.log"))
    try:
        _wait_for(found.url, children)
        yield found
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(30)


def _wait_for(url: str, children: list[Child]) -> None:
    until = time.monotonic() + PATIENCE / 1000
    while True:
        for child in children:
            child.check()
        try:
            urllib.request.urlopen(url)
            return
        except urllib.error.URLError:
            assert time.monotonic() < until, "the web process does not answer"
            time.sleep(0.2)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=options)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, store: Store) -> Iterator[Page]:
    """A page of an English visitor who is nobody yet."""
    context = browser.new_context(base_url=store.url, locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    found = context.new_page()
    problems: list[str] = []
    found.on("pageerror", lambda error: problems.append(str(error)))
    yield found
    context.close()
    assert not problems


@pytest.fixture
def merchant(page: Page) -> Page:
    """The same page, logged in to the admin."""
    page.goto("/admin/login/?next=/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "admin")
    page.click("input[type=submit]")
    return page
