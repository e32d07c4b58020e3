"""Measures what the product does on this machine; `manage.py benchmark` runs it."""
