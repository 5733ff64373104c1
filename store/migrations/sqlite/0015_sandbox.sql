-- What the load tests of an agent were kept from on its host: none, basic, basic+files; empty if that is not known.
ALTER TABLE assignments ADD COLUMN sandbox TEXT NOT NULL DEFAULT '';
