"""Adding ourselves to the store's admins, whatever they declare."""

from __future__ import annotations

import enum

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path

from demo_store.catalogue.models import Category, Product
from shop_ai.admin import attach
from shop_ai.admin.mixin import PANEL, ShopAIMixin
from shop_ai.models import Batch, Job, Pause, Suggestion, WorkerBoot

SITE = "tests.admin.test_attach.site"
site = admin.AdminSite(name="other")
urlpatterns = []


@pytest.fixture
def other(settings):
    """A second site with a product admin of the store's own."""
    settings.SHOP_AI = {**settings.SHOP_AI, "ADMIN_SITE": SITE}
    site._registry.clear()
    site.register(Product, admin.ModelAdmin)
    site.register(Category, admin.ModelAdmin)
    return site


@pytest.fixture
def request_of_boss(db):
    request = RequestFactory().get("/")
    request.user = get_user_model().objects.create_superuser("boss")
    return request


def extended(**declared):
    """An admin of products as a store may declare it, with the mixin left of it."""
    theirs = type("TheirAdmin", (admin.ModelAdmin,), declared)
    return type("AITheirAdmin", (ShopAIMixin, theirs), {})(Product, admin.AdminSite())


def names_of(fieldsets):
    return [(name, list(options["fields"])) for name, options in fieldsets]


def test_attach_extends_bound_models_and_registers_our_lists(other):
    attach.attach_all()

    assert isinstance(other._registry[Product], ShopAIMixin)
    assert not isinstance(other._registry[Category], ShopAIMixin)
    assert {Job, Suggestion, Batch, Pause, WorkerBoot} <= set(other._registry)


def test_attach_twice_changes_nothing(other):
    attach.attach_all()
    first = dict(other._registry)
    attach.attach_all()

    assert other._registry == first


def test_without_admin_only_our_lists_are_registered(other, settings):
    settings.SHOP_AI = {**settings.SHOP_AI, "ADMIN": False}

    attach.attach_all()

    assert not isinstance(other._registry[Product], ShopAIMixin)
    assert Job in other._registry


def test_an_admin_that_uses_the_mixin_itself_is_left_as_it_is(other):
    class OwnAdmin(ShopAIMixin, admin.ModelAdmin):
        pass

    other.unregister(Product)
    other.register(Product, OwnAdmin)

    attach.attach_all()

    assert type(other._registry[Product]) is OwnAdmin


@pytest.mark.parametrize(
    "broken", [{"ADMIN_SITE": "no.such.site"}, {"SKILLS": ["no.such.Skill"]}, {"nonsense": 1}]
)
def test_settings_that_cannot_be_read_are_left_to_the_checks(other, settings, broken, caplog):
    settings.SHOP_AI = {**settings.SHOP_AI, **broken}

    attach.attach_all()

    assert "The admin is left as it is" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("declared", "theirs"),
    [
        ({"fields": ["title", ("sku", "price")]}, [(None, ["title", ("sku", "price")])]),
        ({"fields": ("title",), "readonly_fields": ("sku",)}, [(None, ["title"])]),
        ({"fieldsets": [("Main", {"fields": ["title"]})]}, [("Main", ["title"])]),
        (
            {"fieldsets": (("A", {"fields": ("title",)}), ("B", {"fields": ("sku",)}))},
            [("A", ["title"]), ("B", ["sku"])],
        ),
    ],
)
def test_the_panel_stands_below_what_the_store_declares(request_of_boss, product, declared, theirs):
    found = names_of(extended(**declared).get_fieldsets(request_of_boss, product))

    assert found == [*theirs, ("AI texts", [PANEL])]


def test_a_form_without_declarations_keeps_its_fields_and_shows_the_panel_once(request_of_boss, product):
    model_admin = extended()
    found = names_of(model_admin.get_fieldsets(request_of_boss, product))

    assert found[-1] == ("AI texts", [PANEL])
    assert PANEL not in found[0][1] and "long_text" in found[0][1]


def test_the_store_may_put_the_panel_where_it_likes(request_of_boss, product):
    model_admin = extended(fields=["title", PANEL, "sku"], readonly_fields=[PANEL])
    found = names_of(model_admin.get_fieldsets(request_of_boss, product))

    assert found == [(None, ["title", PANEL, "sku"])]
    assert model_admin.get_readonly_fields(request_of_boss, product) == [PANEL]


def test_declarations_of_the_class_are_not_changed(request_of_boss, product):
    fieldsets, filters = [("Main", {"fields": ["title"]})], ["category"]
    model_admin = extended(fieldsets=fieldsets, list_filter=filters, readonly_fields=["sku"])

    model_admin.get_fieldsets(request_of_boss, product)
    model_admin.get_readonly_fields(request_of_boss, product)
    model_admin.get_list_filter(request_of_boss)

    assert fieldsets == [("Main", {"fields": ["title"]})]
    assert filters == ["category"]
    assert model_admin.readonly_fields == ["sku"]


@pytest.mark.parametrize("declared", [(), ["category"], ("category", "stock")])
def test_the_filter_stands_beside_the_store_s_own(request_of_boss, declared):
    found = extended(list_filter=declared).get_list_filter(request_of_boss)

    assert found[:-1] == list(declared)
    assert found[-1].parameter_name == "shop_ai_describe_product"


def test_a_computed_filter_list_is_respected(request_of_boss):
    found = extended(get_list_filter=lambda self, request: ("stock",)).get_list_filter(request_of_boss)

    assert found[0] == "stock" and len(found) == 2


def test_the_action_stands_beside_the_store_s_own(request_of_boss):
    def own(self, request, queryset):
        """Theirs."""

    found = extended(actions=["own"], own=own).get_actions(request_of_boss)

    assert list(found) == ["delete_selected", "own", "shop_ai_describe_product"] or set(found) >= {
        "own",
        "shop_ai_describe_product",
    }


def test_a_list_without_actions_keeps_having_none(request_of_boss):
    assert "shop_ai_describe_product" not in extended(actions=None).get_actions(request_of_boss)


def test_an_admin_of_an_unbound_model_gains_nothing(request_of_boss, shelf):
    model_admin = type("X", (ShopAIMixin, admin.ModelAdmin), {})(Category, admin.AdminSite())

    assert model_admin.shop_ai_skills() == []
    assert not model_admin.shop_ai_shows(request_of_boss, shelf[0])


class Location(enum.Enum):
    """Where actions stand, as Django says since 6.1."""

    CHANGE_LIST = "CHANGE_LIST"
    CHANGE_FORM = "CHANGE_FORM"


def old_override(self, request):
    return {"theirs": (None, "theirs", "Theirs")}


def new_override(self, request, action_location=None):
    return {f"theirs_{action_location and action_location.name}": (None, "theirs", "Theirs")}


@pytest.mark.parametrize(
    ("override", "location", "expected"),
    [
        (old_override, None, {"theirs", "shop_ai_describe_product"}),
        (old_override, Location.CHANGE_LIST, {"theirs", "shop_ai_describe_product"}),
        (old_override, Location.CHANGE_FORM, set()),
        (new_override, Location.CHANGE_LIST, {"theirs_CHANGE_LIST", "shop_ai_describe_product"}),
        (new_override, Location.CHANGE_FORM, {"theirs_CHANGE_FORM"}),
    ],
)
def test_the_action_stands_on_the_list_only(request_of_boss, override, location, expected):
    found = extended(get_actions=override, actions=[]).get_actions(request_of_boss, location)

    assert set(found) == expected


def test_on_another_site_the_pages_lead_to_that_site(other, request_of_boss, product):
    """Its addresses are not those of the default site."""
    attach.attach_all()
    model_admin = other._registry[Product]

    urlpatterns[:] = [path("back-office/", other.urls), path("", include("demo_store.urls"))]

    with override_settings(ROOT_URLCONF=__name__):
        client = Client()
        client.force_login(request_of_boss.user)
        form = client.get(f"/back-office/catalogue/product/{product.pk}/change/").content.decode()
        data = {"action": "shop_ai_describe_product", "_selected_action": [product.pk], "index": ""}
        confirm = client.post("/back-office/catalogue/product/", {**data, "shop_ai-step": "count"})
        started = client.post("/back-office/catalogue/product/", {**data, "shop_ai-step": "start"})
        batch = client.get(started.url).content.decode()

    assert isinstance(model_admin, ShopAIMixin)
    for html in (form, confirm.content.decode(), batch):
        assert "/back-office/catalogue/product/" in html
        assert '"/admin/' not in html
