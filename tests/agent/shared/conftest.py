"""A database of which several nodes are made, whose server has been there for a while."""

import psycopg
import pytest

STARTED = """CREATE OR REPLACE FUNCTION public.pg_postmaster_start_time() RETURNS timestamptz
    RETURN '-infinity'::timestamptz"""


@pytest.fixture
def dsn(database: str) -> str:
    """The address. After a start of the server nothing is taken over for as long as a lease lasts; here it is."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(STARTED)
    return f"{database}?options=-csearch_path%3Dpublic,pg_catalog"
