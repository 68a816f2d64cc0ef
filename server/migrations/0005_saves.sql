-- Taps are saved in numbered rounds: one that is written again, since nobody knew its fate, changes nothing.
ALTER TABLE events ADD COLUMN taps_saved INTEGER NOT NULL DEFAULT 0; -- the last round
