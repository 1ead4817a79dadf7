"""The broker that needs no server: kombu's filesystem transport in a folder of the test."""

from __future__ import annotations


class Folder:
    """As the demo store uses it, looked at more often."""

    url = "filesystem://"

    def __init__(self, path):
        self.path = path
        for name in ("messages", "control"):
            (path / name).mkdir(parents=True)

    @property
    def transport_options(self):
        messages = str(self.path / "messages")
        return {
            "data_folder_in": messages,
            "data_folder_out": messages,
            "control_folder": str(self.path / "control"),
            "polling_interval": 0.1,
        }
