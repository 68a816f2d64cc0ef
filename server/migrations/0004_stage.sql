-- The artist's stage: questions and their votes, the spotlight, and what the room feels.

ALTER TABLE events ADD COLUMN spotlight INTEGER; -- a question's seq
ALTER TABLE events ADD COLUMN reactions TEXT NOT NULL DEFAULT '👏 ❤️ 🔥 😂 😮 🎉'; -- in the order they are offered

ALTER TABLE entries ADD COLUMN answers INTEGER; -- of a message: the seq of the question

-- What is more about a message that is a question. `votes` is the number of its rows in `votes`.
CREATE TABLE questions (
    event_id INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    seq      INTEGER NOT NULL,
    votes    INTEGER NOT NULL DEFAULT 0,
    state    TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'queued', 'dropped', 'answered')),
    answered INTEGER, -- the entry that answered it
    PRIMARY KEY (event_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX questions_by_votes ON questions (event_id, state, votes DESC, seq);

INSERT INTO questions (event_id, seq) SELECT event_id, seq FROM entries WHERE kind = 'message' AND question = 1;

-- One vote a member and question.
CREATE TABLE votes (
    member_id TEXT    NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    target    INTEGER NOT NULL, -- a question's seq
    PRIMARY KEY (member_id, target)
) STRICT, WITHOUT ROWID;

-- Taps by second of the event and by reaction: what the stage and the organizer see of the evening.
CREATE TABLE reactions (
    event_id INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    second   INTEGER NOT NULL, -- since 1970 UTC
    emoji    TEXT    NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (event_id, second, emoji)
) STRICT, WITHOUT ROWID;

CREATE TABLE reaction_totals (
    event_id INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    emoji    TEXT    NOT NULL,
    total    INTEGER NOT NULL,
    PRIMARY KEY (event_id, emoji)
) STRICT, WITHOUT ROWID;
