-- Moderation. A message is visible when it is not hidden, its author is not banned (tickets.banned_at), and no clear
-- covers it: each act changes its own term, one row, whatever the number of messages.

ALTER TABLE events ADD COLUMN tombstones   INTEGER NOT NULL DEFAULT 1 CHECK (tombstones IN (0, 1)); -- a quiet line, or nothing
ALTER TABLE events ADD COLUMN slow_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN paused       INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1));
ALTER TABLE events ADD COLUMN pinned       INTEGER; -- a message's seq
ALTER TABLE events ADD COLUMN words_version INTEGER NOT NULL DEFAULT 0; -- grows with every change of the word list

ALTER TABLE members ADD COLUMN muted_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN hold        INTEGER NOT NULL DEFAULT 0 CHECK (hold IN (0, 1)); -- everything written waits

-- Control entries: `kind` is the verb. Of a message, `hidden` is its own term.
ALTER TABLE entries ADD COLUMN hidden  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN target  INTEGER; -- the seq it is about
ALTER TABLE entries ADD COLUMN about   TEXT;    -- the member it is about
ALTER TABLE entries ADD COLUMN seconds INTEGER;
ALTER TABLE entries ADD COLUMN since   INTEGER; -- of a clear: how far it reaches back
ALTER TABLE entries ADD COLUMN undone  INTEGER NOT NULL DEFAULT 0; -- of a clear
ALTER TABLE entries ADD COLUMN reason  TEXT;    -- to the staff alone

-- A member's messages: for the card, and for the last one in slow mode.
CREATE INDEX entries_of_a_member ON entries (event_id, member_id, seq) WHERE kind = 'message';

-- The clears that count.
CREATE INDEX entries_clears ON entries (event_id, about) WHERE kind = 'clear' AND undone = 0;

-- Who did what to whom, when and why. What is in the log is here too, with its `seq`.
ALTER TABLE audit ADD COLUMN actor      TEXT;    -- members.id; NULL: the house
ALTER TABLE audit ADD COLUMN actor_name TEXT;    -- the nickname at the time
ALTER TABLE audit ADD COLUMN about      TEXT;    -- members.id
ALTER TABLE audit ADD COLUMN about_name TEXT;
ALTER TABLE audit ADD COLUMN target     INTEGER; -- the seq it is about
ALTER TABLE audit ADD COLUMN seq        INTEGER; -- the entry it became
ALTER TABLE audit ADD COLUMN seconds    INTEGER;
ALTER TABLE audit ADD COLUMN reason     TEXT;

CREATE INDEX audit_about ON audit (event_id, about, id) WHERE about IS NOT NULL;
CREATE INDEX audit_of_a_ticket ON audit (event_id, ticket_id, id) WHERE ticket_id IS NOT NULL;

-- The deed that made something so.
CREATE INDEX audit_deeds ON audit (event_id, kind, target, about, seq) WHERE seq IS NOT NULL;

-- What acts and reports were answered, by the client's id: a retry gets the first answer, also when nothing had to be
-- done. Messages have their own, with the entry.
CREATE TABLE acts (
    member_id TEXT NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    seq       INTEGER,
    PRIMARY KEY (member_id, client_id)
) STRICT, WITHOUT ROWID;

-- Every nickname a member had, with the moment it was given.
CREATE TABLE nicknames (
    member_id TEXT    NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    nickname  TEXT    NOT NULL
) STRICT;

CREATE INDEX nicknames_of_a_member ON nicknames (member_id, at);

INSERT INTO nicknames (member_id, at, nickname)
SELECT id, made_at, nickname FROM members WHERE nickname IS NOT NULL AND role <> 'artist';

-- The people list reads in this order.
CREATE INDEX members_by_nickname ON members (event_id, nickname COLLATE NOCASE, id);

-- Who is in a state that lasts: the people list finds the few among the many.
CREATE INDEX tickets_banned ON tickets (event_id) WHERE banned_at IS NOT NULL;
CREATE INDEX members_muted ON members (event_id, muted_until) WHERE muted_until > 0;

CREATE TABLE reports (
    event_id  INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    target    INTEGER NOT NULL, -- a message's seq
    member_id TEXT    NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    reason    TEXT,
    PRIMARY KEY (event_id, target, member_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX reports_of_a_member ON reports (member_id, at);

-- A reported message. It is open while it is visible and nobody dismissed it.
CREATE TABLE report_cases (
    event_id  INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    target    INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    first_at  INTEGER NOT NULL,
    dismissed INTEGER NOT NULL DEFAULT 0 CHECK (dismissed IN (0, 1)),
    PRIMARY KEY (event_id, target)
) STRICT, WITHOUT ROWID;

CREATE INDEX report_cases_open ON report_cases (event_id, count) WHERE dismissed = 0;

-- Messages that wait for a moderator, or did.
CREATE TABLE held (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id  INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    member_id TEXT    NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    client_id TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    text      TEXT    NOT NULL,
    question  INTEGER NOT NULL,
    reply_to  INTEGER,
    rule      TEXT,    -- the rule that held it; NULL: the member is on hold
    state     TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'dropped')),
    UNIQUE (event_id, member_id, client_id)
) STRICT;

CREATE INDEX held_waiting ON held (event_id, id) WHERE state = 'waiting';
CREATE INDEX held_of_a_member ON held (member_id, state);

-- The word list of an event.
CREATE TABLE word_rules (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    pattern  TEXT    NOT NULL,
    matching TEXT    NOT NULL CHECK (matching IN ('exact', 'word', 'prefix')),
    action   TEXT    NOT NULL CHECK (action IN ('hold', 'refuse', 'mute')),
    seconds  INTEGER,
    say      TEXT,
    added_at INTEGER NOT NULL,
    UNIQUE (event_id, pattern, matching)
) STRICT;
