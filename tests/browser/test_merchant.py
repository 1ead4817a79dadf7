"""What a merchant does: one product by button, twenty in bulk."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.screenshots import keep

pytestmark = pytest.mark.browser
PRODUCTS = "/admin/catalogue/product/"
CHAIR = "Folding Camp Chair"


def open_product(page: Page, title: str) -> None:
    page.goto(f"{PRODUCTS}?q={title}")
    page.locator("#result_list").get_by_role("link", name=title).first.click()


def test_write_compare_apply_see_it_in_the_store_and_revert(merchant: Page) -> None:
    page = merchant
    open_product(page, CHAIR)
    expect(page.locator("#id_long_text")).to_have_value("")
    keep(page, "panel-empty")

    page.locator("#shop-ai-describe_product").get_by_role("button", name="Write description").click()
    expect(page.get_by_role("button", name="Apply", exact=True)).to_be_visible(timeout=PATIENCE)
    text = page.locator("textarea[data-ai-generated]").first.input_value()
    assert "chair" in text.lower()
    expect(page.locator("#shop-ai-describe_product ins").first).to_be_visible()
    keep(page, "panel")

    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.locator("#id_long_text")).to_have_value(text)
    keep(page, "panel-applied")
    admin = page.url
    page.get_by_role("link", name="View on site").click()
    expect(page.locator("#description")).to_contain_text(text.split(". ")[0])
    keep(page, "storefront")

    page.goto(admin)
    page.get_by_role("button", name="Revert").click()
    expect(page.locator("#id_long_text")).to_have_value("")


def test_bulk_of_twenty_shows_progress_and_waits_for_approval(merchant: Page) -> None:
    """The other test's chair is left out: the tests run in any order, on one store."""
    page = merchant
    page.goto(PRODUCTS)
    rows = page.locator("#result_list tbody tr").filter(has_not_text=CHAIR)
    for number in range(20):
        rows.nth(number).locator("input.action-select").check()
    page.locator("select[name=action]").select_option("shop_ai_describe_product")
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).first.click()

    expect(page.get_by_text("20 products are chosen")).to_be_visible()
    page.get_by_label("Keep existing texts").uncheck()
    page.get_by_role("button", name="Count again").click()
    keep(page, "bulk-confirm")
    page.get_by_role("button", name="Start").click()

    bar = page.locator("#shop-ai-progress progress")
    expect(bar).to_be_visible()
    keep(page, "bulk-progress")
    total = bar.get_attribute("max")
    expect(bar).to_have_attribute("value", str(total), timeout=PATIENCE)
    page.goto(page.url.split("?")[0] + "?show=ready")
    ready = page.locator("input[name=shop_ai-pick]")
    assert ready.count() > 0
    keep(page, "bulk-results")
    ready.first.check()
    page.get_by_role("button", name="Apply the ticked texts").click()
    expect(page.locator(".messagelist")).to_contain_text("1")


def test_a_customer_has_no_way_in(page: Page) -> None:
    page.goto(PRODUCTS)

    expect(page).to_have_url(re.compile("/admin/login/"))
