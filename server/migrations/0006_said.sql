-- What a member said, by time and by the client's id. Two indexes of `entries` held that, and a crowd that writes
-- touches as many pages of them as it has people, with every commit. The log's writer adds an event's messages here by
-- the hundreds: up to `said_to`. What came after is in `entries` alone, and `messages_of_members` knows both.

ALTER TABLE events ADD COLUMN said_to INTEGER NOT NULL DEFAULT 0; -- a seq

CREATE TABLE said (
    event_id  INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    member_id TEXT    NOT NULL,
    seq       INTEGER NOT NULL,
    client_id TEXT    NOT NULL,
    PRIMARY KEY (event_id, member_id, seq)
) STRICT, WITHOUT ROWID;

-- (member, id) is unique in an event: a retry finds its first entry here.
CREATE UNIQUE INDEX said_by_id ON said (event_id, member_id, client_id);

INSERT INTO said (event_id, member_id, seq, client_id)
SELECT event_id, member_id, seq, client_id FROM entries WHERE kind = 'message' AND client_id IS NOT NULL
 ORDER BY event_id, member_id, seq;

UPDATE events SET said_to = (SELECT coalesce(max(seq), 0) FROM entries WHERE event_id = events.id);

DROP INDEX entries_by_author;
DROP INDEX entries_of_a_member;

CREATE VIEW messages_of_members AS
SELECT event_id, member_id, client_id, seq FROM said
UNION ALL
SELECT v.id, e.member_id, e.client_id, e.seq
  FROM events v CROSS JOIN entries e ON e.event_id = v.id AND e.seq > v.said_to
 WHERE e.kind = 'message';
