"""A real browser before the real store: web process, Celery worker, embedded language model."""
