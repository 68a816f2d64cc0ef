-- The log in the order of its writing. Ordered by room, with whole rows in the tree's upper pages too, a commit touched several
-- pages of each room that spoke; now all rooms' rows go to the file's end, and the index by room has three small numbers a row.

CREATE TABLE entries_in_order (
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
    hidden    INTEGER NOT NULL DEFAULT 0,
    target    INTEGER, -- the seq it is about
    about     TEXT,    -- the member it is about
    seconds   INTEGER,
    since     INTEGER, -- of a clear: how far it reaches back
    undone    INTEGER NOT NULL DEFAULT 0, -- of a clear
    reason    TEXT,    -- to the staff alone
    answers   INTEGER, -- of a message: the seq of the question
    PRIMARY KEY (event_id, seq)
) STRICT;

INSERT INTO entries_in_order
SELECT event_id, seq, kind, at, member_id, client_id, nickname, role, text, question, reply_to,
       hidden, target, about, seconds, since, undone, reason, answers
  FROM entries ORDER BY event_id, seq;

DROP VIEW messages_of_members;
DROP TABLE entries;
ALTER TABLE entries_in_order RENAME TO entries;

-- The clears that count.
CREATE INDEX entries_clears ON entries (event_id, about, seq) WHERE kind = 'clear' AND undone = 0;

CREATE VIEW messages_of_members AS
SELECT event_id, member_id, client_id, seq FROM said
UNION ALL
SELECT v.id, e.member_id, e.client_id, e.seq
  FROM events v CROSS JOIN entries e ON e.event_id = v.id AND e.seq > v.said_to
 WHERE e.kind = 'message';
