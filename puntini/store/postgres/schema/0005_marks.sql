-- works with: 1
-- By which settings a node goes, as JSON: what has to be the same everywhere, secrets as marks that tell nothing of them.
ALTER TABLE carriers ADD COLUMN marks text NOT NULL DEFAULT '{}';
-- The agents that a worker was started with; those that were created are records.
ALTER TABLE nodes ADD COLUMN own text[] COLLATE "C" NOT NULL DEFAULT '{}';
-- Its process: others at the same place can see whether it is gone.
ALTER TABLE nodes ADD COLUMN place text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE nodes ADD COLUMN pid integer NOT NULL DEFAULT 0;
