-- Where a user's calls may go: a list of their own, which binds whom they own, too.

PRAGMA user_version = 8;

ALTER TABLE users ADD COLUMN allowed_hosts TEXT;  -- rules, by spaces; NULL: anywhere; '': nowhere
