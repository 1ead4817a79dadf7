"""Hygiene of text on its way in and out. Pure functions; no Django."""
