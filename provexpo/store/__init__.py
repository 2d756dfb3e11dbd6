"""Rows to tables with versions, scopes and publication dates (house of the Delta Lake tables)."""
