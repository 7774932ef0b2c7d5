-- What a move displaces goes to the trash or to the quarantine; a crash may come in between.

ALTER TABLE moves ADD COLUMN displaced TEXT NOT NULL DEFAULT '[]';
