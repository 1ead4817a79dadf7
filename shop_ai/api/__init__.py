"""The REST door: Django REST framework, version 1. Rows are written here, the language model is not asked."""
