-- works with: 1
-- By which settings a node goes, as JSON: what has to be the same everywhere, secrets as marks that tell nothing of them.
ALTER TABLE carriers ADD COLUMN marks text NOT NULL DEFAULT '{}';
-- The agents that a worker was started with; those that were created are records.
ALTER TABLE nodes ADD COLUMN own text[] COLLATE "C" NOT NULL DEFAULT '{}';
