-- The log of each room: one row an entry, `seq` from 1 without holes in each event.
CREATE TABLE entries (
    event_id  INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    seq       INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    member_id TEXT,
    client_id TEXT,
    nickname  TEXT,
    role      TEXT,
    text      TEXT,
    question  INTEGER NOT NULL DEFAULT 0,
    reply_to  INTEGER,
    PRIMARY KEY (event_id, seq)
) STRICT, WITHOUT ROWID;

-- (member, id) is unique in an event: a retry finds its first entry here.
CREATE UNIQUE INDEX entries_by_author ON entries (event_id, member_id, client_id) WHERE client_id IS NOT NULL;
