-- What is computed of the stages' stream times: where each moved, and the records that it was ahead
-- of: only what comes back from idleness can be behind.
CREATE OR REPLACE TEMP TABLE stage_time (p INTEGER, o BIGINT, at_ms BIGINT, s_ms BIGINT);
CREATE OR REPLACE TEMP TABLE pushed (stage VARCHAR, kind kind, p INTEGER, o BIGINT, s_ms BIGINT);
