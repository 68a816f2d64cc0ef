-- When a session ends, in seconds since 1970 UTC: it was kept as text. What cannot be read has ended. The ids, which were kept as they are in the
-- cookies, are hashed by the server when it begins (`store/sessions.rs`): SQLite has no function for it.

UPDATE sessions SET expiry_date = COALESCE(unixepoch(expiry_date), 0);
