from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig

from tests.checks import functions
from tests.stores.awkward.models import ShopProduct


@pytest.fixture
def shown(store):
    """The awkward store with its product on the default AdminSite and the panel asked for."""
    admin.site.register(ShopProduct)
    yield store.set(ADMIN=True)
    if admin.site.is_registered(ShopProduct):
        admin.site.unregister(ShopProduct)


@pytest.fixture
def configs(monkeypatch):
    """Installs apps in another order, or other apps; undone at the end."""

    def install(change):
        monkeypatch.setattr(apps, "app_configs", change(dict(apps.app_configs)))
        apps.clear_cache()

    yield install
    apps.clear_cache()


def test_a_shown_product_has_no_message(shown):
    assert shown.messages() == []


def test_E050_shop_ai_before_the_admin(shown, configs):
    configs(lambda found: {"shop_ai": found.pop("shop_ai"), **found})

    assert shown.message() == (
        "E050",
        "shop_ai stands before django.contrib.admin in INSTALLED_APPS, so it is ready before the admin is.",
        'Move "shop_ai" below "django.contrib.admin" and the apps of your store.',
    )


def test_E051_admin_without_autodiscovery(shown, configs):
    simple = SimpleAdminConfig("django.contrib.admin", admin)
    simple.apps, simple.models = apps, apps.all_models["admin"]
    configs(lambda found: {**found, "admin": simple})

    assert shown.message() == (
        "E051",
        "SimpleAdminConfig does not look for admin modules: no admin to add the panel to.",
        'Write "django.contrib.admin" instead of "django.contrib.admin.apps.SimpleAdminConfig" '
        "in INSTALLED_APPS.",
    )


def test_E052_model_that_is_on_no_site(shown):
    admin.site.unregister(ShopProduct)

    assert shown.message() == (
        "E052",
        "awkward.ShopProduct is not on the AdminSite 'django.contrib.admin.site', "
        "so its panel cannot be shown.",
        "Register it: django.contrib.admin.site.register(ShopProduct).",
    )


def test_E052_model_that_is_on_another_site_names_the_site(shown):
    admin.site.unregister(ShopProduct)
    functions.site.register(ShopProduct)

    try:
        _, _, hint = shown.message()
        assert (
            hint == "Set \"ADMIN_SITE\" to the dotted name of the site 'elsewhere', where it is registered."
        )
        assert shown.set(ADMIN_SITE="tests.checks.functions.site").messages() == []
    finally:
        functions.site.unregister(ShopProduct)


@pytest.mark.parametrize(
    ("dotted", "reason"),
    [("tests.checks.functions.of_row", "it is function"), ("tests.checks.functions.sit", "ImportError: ")],
)
def test_E053_not_an_admin_site(shown, dotted, reason):
    number, text, hint = shown.set(ADMIN_SITE=dotted).message()

    assert number == "E053"
    assert text.startswith(f"SHOP_AI['ADMIN_SITE'] is {dotted!r}, which is no AdminSite: {reason}")
    assert hint == 'Name the instance, such as "django.contrib.admin.site".'


def test_E054_no_admin(shown, configs):
    configs(lambda found: {name: config for name, config in found.items() if name != "admin"})

    assert shown.message() == (
        "E054",
        "SHOP_AI['ADMIN'] is True, and django.contrib.admin is not installed.",
        'Add "django.contrib.admin" to INSTALLED_APPS, or set "ADMIN" to False.',
    )
