"""The test database as it was before the test."""

from contextlib import suppress
from functools import cache

from django.db import IntegrityError, OperationalError, connection, transaction

# What `migrate` itself writes.
KEPT = {"django_content_type", "auth_permission"}

# A worker that was killed a moment ago may still have a statement under way.
TRIES = 5


def empty_tables() -> None:
    """Delete all rows that a test may have written; what `migrate` wrote stays."""
    for _ in range(TRIES - 1):
        with suppress(IntegrityError, OperationalError):
            return _empty_tables()
        connection.close()
    return _empty_tables()


def _empty_tables() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_which_have_rows())
        for (table,) in cursor.fetchall():
            # In any order: the database looks at references when this commits.
            cursor.execute(f"DELETE FROM {table}")


@cache
def _which_have_rows() -> str:
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    return " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in sorted(tables))
