"""Addresses of the storefront."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from demo_store.storefront import views

app_name = "storefront"
urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("category/<slug:slug>/", views.category, name="category"),
    path("product/<str:sku>/", views.product, name="product"),
    path("help/", views.articles, name="articles"),
    path("help/<slug:slug>/", views.article, name="article"),
    path("account/", views.account, name="account"),
    path("account/login/", LoginView.as_view(template_name="storefront/login.html"), name="login"),
    path("account/logout/", LogoutView.as_view(), name="logout"),
]
