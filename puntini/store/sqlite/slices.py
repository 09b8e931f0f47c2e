"""What is removed some rows at a time, so that appends go on in between: each call is a turn of the writer thread."""

import apsw

SLICE_ROWS = 200


def remove_below(connection: apsw.Connection, *, num: int, floor: int) -> bool:
    """Remove rows that lie below the floor as a whole; returns whether there may be more."""
    connection.execute(
        """DELETE FROM events WHERE num IN
        (SELECT num FROM events WHERE session = ? AND last <= ? ORDER BY first LIMIT ?)""",
        (num, floor, SLICE_ROWS),
    )
    return connection.changes() == SLICE_ROWS


def remove_doomed(connection: apsw.Connection, *, num: int) -> bool:
    """Remove some of what is there of no session any more, or not yet; returns whether there may be more."""
    connection.execute(
        "DELETE FROM events WHERE num IN (SELECT num FROM events WHERE session = ? LIMIT ?)", (num, SLICE_ROWS)
    )
    if connection.changes() == SLICE_ROWS:
        return True
    with connection:
        connection.execute("DELETE FROM snapshots WHERE session = ?", (num,))
        connection.execute("DELETE FROM doomed WHERE session = ?", (num,))
    return False


def remove_doomed_all(connection: apsw.Connection) -> None:
    """Finish what a crash cut short: deletions, and copies, of which nothing stays."""
    for (num,) in connection.execute("SELECT session FROM doomed").fetchall():
        while remove_doomed(connection, num=int(str(num))):
            pass
