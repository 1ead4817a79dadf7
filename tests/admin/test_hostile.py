"""What a language model wrote is shown as text, wherever it is shown; and our pages hold no inline script."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.test import override_settings

from demo_store.catalogue.models import Product
from shop_ai import jobs
from shop_ai.models import Batch, Job, State, Suggestion

PAYLOADS = [
    "<script>canary(1)</script>",
    "<img src=x onerror=canary(2)>",
    '"><svg onload=canary(3)>',
    "' autofocus onfocus=canary(4) x='",
    '<a href="javascript:canary(5)">x</a>',
    "</textarea><script>canary(6)</script>",
    "</pre></div><iframe srcdoc='<script>canary(7)</script>'></iframe>",
    "{{ request.user.password }}{% load static %}canary",
    "<style>*{background:url(//sink.test/canary)}</style>",
    "<form action=//sink.test><button formaction=javascript:canary(8)>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=canary(9)>",
    "&lt;script&gt;canary(10)&lt;/script&gt;",
]


class Strict(HTMLParser):
    """Finds what a strict Content-Security-Policy would refuse, and elements that a canary brought."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if tag == "script" and "src" not in names and names.get("type") != "application/json":
            self.found.append("inline script")
        if tag in ("style", "iframe", "object", "math"):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in names if name.startswith("on") or name == "style"]
        for value in names.values():
            if value and value.strip().lower().startswith("javascript:"):
                self.found.append(f"{tag} {value}")
            if value and "sink.test" in value and tag in ("img", "a", "form", "link"):
                self.found.append(f"{tag} {value}")


def inspect(html):
    parser = Strict()
    parser.feed(html)
    return parser.found


@pytest.fixture
def hostile(boss, product, draft, request):
    """Every column that may hold a language model's words holds the payload."""
    payload = request.param
    batch = Batch.objects.create(skill="describe_product", by=boss.user, chosen=1)
    other = [{"description": payload + " other"}]
    Suggestion.objects.update(
        after={"description": payload},
        candidates=other,
        raw=[payload],
        stale=True,
        stale_reason=payload[:200],
        provenance={**draft.provenance, "checkpoint": payload},
    )
    Job.objects.update(output={"description": payload}, batch=batch, error_public=payload, missing=[payload])
    return product, batch


def pages(product, batch):
    job, suggestion = Job.objects.get(), Suggestion.objects.get()
    return [
        f"/admin/catalogue/product/{product.pk}/change/",
        "/admin/catalogue/product/",
        f"/admin/shop_ai/batch/{batch.pk}/change/?show=ready",
        f"/admin/shop_ai/batch/{batch.pk}/change/?show=decided",
        f"/admin/shop_ai/batch/{batch.pk}/change/?show=ended",
        f"/admin/shop_ai/job/{job.pk}/change/",
        "/admin/shop_ai/job/",
        f"/admin/shop_ai/suggestion/{suggestion.pk}/change/",
        "/admin/shop_ai/suggestion/",
    ]


@pytest.mark.parametrize("hostile", PAYLOADS, indirect=True)
def test_words_of_a_language_model_stay_words(boss, hostile):
    product, batch = hostile
    for state in (State.SUCCEEDED, State.DECLINED):
        Job.objects.update(state=state)
        for url in pages(product, batch):
            response = boss.get(url)
            assert response.status_code == 200
            assert inspect(response.content.decode()) == [], url
    section = boss.get(f"/admin/catalogue/product/{product.pk}/shop-ai/describe_product/").json()
    assert inspect(section["html"]) == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_was_applied_stays_words(boss, product, draft, click, payload):
    response = click(product, f"apply:{draft.pk}", **{f"shop_ai-{draft.pk}-text-0-description": payload})

    assert inspect(response.content.decode()) == []
    product.refresh_from_db()
    assert "<script" not in product.long_text and "<img" not in product.long_text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_of_products_and_reasons_of_pauses_stay_words(boss, make_product, payload):
    product = make_product(payload[:120])
    batch = Batch.objects.create(skill="describe_product", by=boss.user, chosen=1)
    jobs.enqueue("describe_product", product, by=boss.user, batch=batch)
    boss.post("/admin/shop_ai/pause/add/", {"skill": "", "lane": "", "reason": payload})
    urls = [f"/admin/catalogue/product/{product.pk}/change/", f"/admin/shop_ai/batch/{batch.pk}/change/"]

    for url in (*urls, "/admin/shop_ai/job/", "/admin/shop_ai/pause/"):
        assert inspect(boss.get(url).content.decode()) == [], url


def test_the_confirm_page_is_strict_as_well(boss, product):
    data = {"action": "shop_ai_describe_product", "_selected_action": [product.pk], "index": "0"}

    assert inspect(boss.post("/admin/catalogue/product/", data).content.decode()) == []


def test_a_query_string_does_not_break_out_of_our_addresses(boss, product):
    html = boss.get(f"/admin/catalogue/product/{product.pk}/change/", {"x": '"><script>canary()</script>'})

    assert inspect(html.content.decode()) == []


@override_settings(LANGUAGE_CODE="zh-hans")
def test_the_same_in_chinese(boss, product, draft):
    html = boss.get(f"/admin/catalogue/product/{product.pk}/change/", headers={"accept-language": "zh-hans"})

    assert inspect(html.content.decode()) == []


def test_our_script_is_a_file_of_ours(boss, product):
    html = boss.get(f"/admin/catalogue/product/{product.pk}/change/").content.decode()

    assert '<script src="/static/shop_ai/admin.js" type="module"></script>' in html
    assert Product.objects.exists()


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<style>x</style>",
        "<p style='x'>",
        "<p onclick=x>",
        "<a href=' JavaScript:x'>",
        "<img src=//sink.test/x>",
    ],
)
def test_the_inspection_sees_what_it_is_for(html):
    assert inspect(html)
