-- Events, the tickets that open them, the leases and accounts behind the tickets.
-- Times are milliseconds since 1970 UTC. Ids never come again (AUTOINCREMENT), so that a stale session or credential
-- can never name somebody else's row.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    slug       TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    artist     TEXT    NOT NULL,
    doors_at   INTEGER NOT NULL,
    starts_at  INTEGER NOT NULL,
    ends_at    INTEGER,          -- planned end; NULL: ended by hand
    ended_at   INTEGER,          -- ended by hand
    stream     TEXT,
    chat       INTEGER NOT NULL CHECK (chat IN (0, 1)),
    created_at INTEGER NOT NULL,
    deleted_at INTEGER           -- being deleted: gone for everybody, rows still leave in batches
) STRICT;

CREATE UNIQUE INDEX events_slug ON events (slug) WHERE deleted_at IS NULL;

CREATE TABLE tickets (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id    INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    code_hash   BLOB    NOT NULL CHECK (length(code_hash) = 32),
    code_length INTEGER NOT NULL, -- signs of the folded code: imports are measured for density by length
    role        TEXT    NOT NULL CHECK (role IN ('fan', 'artist', 'moderator')),
    ref         TEXT,             -- the shop's order
    issued_at   INTEGER NOT NULL,
    revoked_at  INTEGER,
    banned_at   INTEGER,
    pending     INTEGER NOT NULL DEFAULT 1 CHECK (pending IN (0, 1)), -- its account is still to be made
    UNIQUE (event_id, code_hash)
) STRICT;

-- The provisioner's work list. Empty most of the time, so asking for work is cheap.
CREATE INDEX tickets_pending ON tickets (event_id, pending) WHERE pending = 1;

-- Counting an event's tickets reads this and no table.
CREATE INDEX tickets_counted ON tickets (event_id, role, code_length, revoked_at);

-- One session's right to act as the member behind a ticket. A lease belongs to the ticket: a fan whose account is not
-- made yet holds one too. `epoch` only grows.
CREATE TABLE leases (
    ticket_id          INTEGER PRIMARY KEY REFERENCES tickets (id) ON DELETE CASCADE,
    epoch              INTEGER NOT NULL,
    held               INTEGER NOT NULL CHECK (held IN (0, 1)),
    since              INTEGER NOT NULL, -- this epoch's first moment
    last_seen          INTEGER NOT NULL,
    takeovers_refused  INTEGER NOT NULL DEFAULT 0, -- in a row: the wait doubles with each
    takeover_wait_till INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE takeovers (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    at        INTEGER NOT NULL
) STRICT;

CREATE INDEX takeovers_of_a_ticket ON takeovers (ticket_id, at);

-- The single-use account behind a ticket. The id is random.
CREATE TABLE members (
    id        TEXT    PRIMARY KEY,
    event_id  INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    ticket_id INTEGER NOT NULL UNIQUE REFERENCES tickets (id) ON DELETE CASCADE,
    role      TEXT    NOT NULL CHECK (role IN ('fan', 'artist', 'moderator')),
    nickname  TEXT,
    spoken    INTEGER NOT NULL DEFAULT 0 CHECK (spoken IN (0, 1)), -- has sent a message: the nickname stays
    made_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX members_of_an_event ON members (event_id);
CREATE INDEX members_with_a_nickname ON members (event_id, nickname) WHERE nickname IS NOT NULL;

-- What nicknames look like. The keys of a freed name stay until the event is deleted.
CREATE TABLE nickname_keys (
    event_id  INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    key       TEXT    NOT NULL,
    member_id TEXT    NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    PRIMARY KEY (event_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX nickname_keys_of_a_member ON nickname_keys (member_id);

-- "Read this again": what open sockets must learn of, written in the transaction that did it.
CREATE TABLE signals (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    event_id  INTEGER NOT NULL, -- no reference: a signal outlives its event
    member_id TEXT              -- NULL: the event itself changed
) STRICT;

CREATE INDEX signals_at ON signals (at);

-- People with an open socket, as each node counts them.
CREATE TABLE presence (
    event_id INTEGER NOT NULL,
    node     TEXT    NOT NULL,
    online   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (event_id, node)
) STRICT, WITHOUT ROWID;

-- Who makes the accounts. `epoch` grows with every holder and fences off the earlier ones.
CREATE TABLE provisioner (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    holder TEXT    NOT NULL,
    epoch  INTEGER NOT NULL,
    since  INTEGER NOT NULL
) STRICT;

INSERT INTO provisioner (id, holder, epoch, since) VALUES (1, '', 0, 0);

-- What was done, by kind, without secrets.
CREATE TABLE audit (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    event_id  INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    ticket_id INTEGER,
    detail    TEXT
) STRICT;

CREATE INDEX audit_of_an_event ON audit (event_id, id);

-- The session store's own table. Not STRICT: it keeps dates as text.
CREATE TABLE sessions (
    id          TEXT    PRIMARY KEY NOT NULL,
    data        BLOB    NOT NULL,
    expiry_date INTEGER NOT NULL
);
