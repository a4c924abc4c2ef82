-- Everything that tells the stages how far an input partition q has come, of records that they
-- had read at moment 2.
CREATE VIEW heard AS
SELECT kind, p, o, appended_ms, source_kind, q, stream_ms, NULL::BIGINT AS idle_ms, true AS record
FROM passed
UNION ALL
SELECT kind, p, o, appended_ms, source_kind, q, stream_ms, idle_ms, false
FROM mark;

-- Where a log first does more than advance: an idle record, or a stream time that retreats. Before
-- it, a stage's stream time is simply the minimum over q of the highest stream time heard of q.
CREATE TABLE unusual AS
SELECT kind, p, min(o) AS o FROM (
    SELECT kind, p, o FROM mark WHERE idle_ms IS NOT NULL
    UNION ALL
    SELECT kind, p, o FROM (
        SELECT kind, p, o, stream_ms < lag(stream_ms)
            OVER (PARTITION BY kind, p, source_kind, q ORDER BY o) AS retreats
        FROM passed
    ) WHERE retreats
) GROUP BY ALL;

-- Where each stage stood in each inner topic.
CREATE TABLE position (stage VARCHAR, moment INTEGER, p INTEGER, kind kind, upto BIGINT);

-- Stream times heard by each stage until each moment, by input partition.
CREATE VIEW heard_until AS
SELECT s.stage, s.moment, h.p, h.source_kind, h.q, max(h.stream_ms) AS stream_ms
FROM heard h
JOIN position s ON s.p = h.p AND s.kind = h.kind AND h.o < s.upto
WHERE h.source_kind IS NOT NULL AND h.stream_ms IS NOT NULL
GROUP BY ALL;

-- What the stages say of their stream time, and what it must be.
CREATE VIEW expected_times AS
SELECT stage, p, again_ms AS s_ms, true AS must FROM stage_state WHERE moment = 2;
CREATE VIEW found_times AS SELECT stage, p, s_ms FROM stage_state WHERE moment = 2;
