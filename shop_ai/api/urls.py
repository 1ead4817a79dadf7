"""REST v1. The project includes this wherever it likes: `path("ai/", include("shop_ai.api.urls"))`."""

from __future__ import annotations

from django.urls import URLPattern, path

from shop_ai.api.jobs import Jobs
from shop_ai.api.schema import INSTALLED
from shop_ai.api.skills import Skills
from shop_ai.api.suggestions import Suggestions

# Converters are plain, so that an address nothing can have gets our own 404 and not the project's page.
app_name = "shop_ai"
urlpatterns: list[URLPattern] = [
    path("v1/jobs/", Jobs.as_view({"get": "list", "post": "create"}), name="job-list"),
    path("v1/jobs/<str:id>/", Jobs.as_view({"get": "retrieve"}), name="job-detail"),
    path("v1/jobs/<str:id>/events/", Jobs.as_view({"get": "events"}), name="job-events"),
    path("v1/jobs/<str:id>/cancel/", Jobs.as_view({"post": "cancel"}), name="job-cancel"),
    path("v1/jobs/<str:id>/retry/", Jobs.as_view({"post": "retry"}), name="job-retry"),
    path("v1/suggestions/", Suggestions.as_view({"get": "list"}), name="suggestion-list"),
    path("v1/suggestions/<str:id>/", Suggestions.as_view({"get": "retrieve"}), name="suggestion-detail"),
    *(
        path(
            f"v1/suggestions/<str:id>/{verb}/",
            Suggestions.as_view({"post": verb}),
            name=f"suggestion-{verb}",
        )
        for verb in ("apply", "edit", "dismiss", "revert")
    ),
    path("v1/skills/", Skills.as_view({"get": "list"}), name="skill-list"),
    path("v1/skills/<str:name>/", Skills.as_view({"get": "retrieve"}), name="skill-detail"),
]
if INSTALLED:
    from shop_ai.api.openapi import TAIL, Schema

    urlpatterns.append(path(TAIL, Schema.as_view(), name="schema"))
