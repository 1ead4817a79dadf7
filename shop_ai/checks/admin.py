"""Whether our panel finds the store's admins."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.core.checks import CheckMessage

from shop_ai.checks.context import Context, load
from shop_ai.checks.messages import message

ADMIN = "django.contrib.admin"


def check(context: Context) -> Iterator[CheckMessage]:
    """Order of apps, autodiscovery, the site, and the bound models on it."""
    if not context.config.ADMIN:
        return
    if not apps.is_installed(ADMIN):
        text = f"SHOP_AI['ADMIN'] is True, and {ADMIN} is not installed."
        yield message("E054", text, f'Add "{ADMIN}" to INSTALLED_APPS, or set "ADMIN" to False.')
        return
    yield from _order()
    yield from _autodiscovery()
    yield from _site(context)


def _order() -> Iterator[CheckMessage]:
    names = [config.name for config in apps.get_app_configs()]
    if names.index("shop_ai") < names.index(ADMIN):
        text = f"shop_ai stands before {ADMIN} in INSTALLED_APPS, so it is ready before the admin is."
        yield message("E050", text, f'Move "shop_ai" below "{ADMIN}" and the apps of your store.')


def _autodiscovery() -> Iterator[CheckMessage]:
    from django.contrib.admin.apps import AdminConfig

    found = apps.get_app_config("admin")
    if not isinstance(found, AdminConfig):
        text = f"{type(found).__name__} does not look for admin modules: no admin to add the panel to."
        hint = f'Write "{ADMIN}" instead of "{ADMIN}.apps.SimpleAdminConfig" in INSTALLED_APPS.'
        yield message("E051", text, hint)


def _site(context: Context) -> Iterator[CheckMessage]:
    from django.contrib.admin.sites import AdminSite, all_sites

    dotted = context.config.ADMIN_SITE
    site, causes = load(dotted)
    if not isinstance(site, AdminSite):
        reason = causes or f"it is {type(site).__name__}"
        text = f"SHOP_AI['ADMIN_SITE'] is {dotted!r}, which is no AdminSite: {reason}."
        yield message("E053", text, 'Name the instance, such as "django.contrib.admin.site".')
        return
    roles = dict.fromkeys(skill.role.name for skill in context.skills)
    for model in dict.fromkeys(context.targets[name] for name in roles if name in context.targets):
        if site.is_registered(model):
            continue
        text = f"{model._meta.label} is not on the AdminSite {dotted!r}, so its panel cannot be shown."
        other = next((s for s in all_sites if s.is_registered(model)), None)
        hint = f"Register it: {dotted}.register({model.__name__})."
        if other is not None:
            hint = f'Set "ADMIN_SITE" to the dotted name of the site {other.name!r}, where it is registered.'
        yield message("E052", text, hint)
