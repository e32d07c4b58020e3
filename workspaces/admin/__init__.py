"""The admin of the operators of an instance, over all workspaces."""

from workspaces.admin import api_keys, audit, users, workspaces

__all__ = ["api_keys", "audit", "users", "workspaces"]
