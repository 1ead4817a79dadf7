"""The staff and the customers of the demo store."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission, User

from demo_store.seed.files import load

PASSWORD = "demo"  # noqa: S105 - everybody may know it: these people do not exist
STORE_APPS = ["catalogue", "reviews", "support", "orders"]
AI = "shop_ai"
"""Its permissions too, where it is installed: a merchant of the demo may do everything with texts."""


def add_people() -> None:
    """Add those who are missing: admin, merchant and customers."""
    if not User.objects.filter(username="admin").exists():
        User.objects.create_superuser("admin", "admin@example.com", "admin")
    merchant, new = User.objects.get_or_create(
        username="merchant",
        defaults={"email": "merchant@example.com", "is_staff": True, "password": make_password("merchant")},
    )
    if new:
        apps = [*STORE_APPS, AI]
        merchant.user_permissions.set(Permission.objects.filter(content_type__app_label__in=apps))
    password = make_password(PASSWORD)
    User.objects.bulk_create(
        [
            User(
                username=username,
                first_name=first,
                last_name=last,
                email=f"{username}@example.com",
                password=password,
            )
            for username, first, last in load("customers.toml")["customers"]
        ],
        ignore_conflicts=True,
    )


def customers() -> list[User]:
    """Return the seeded customers, in the order of the file."""
    names = [row[0] for row in load("customers.toml")["customers"]]
    found = User.objects.in_bulk(names, field_name="username")
    return [found[name] for name in names]
