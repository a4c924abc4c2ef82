-- What is kept of the outputs. at_ms is when the broker appended the record: when it was known.

CREATE TABLE count_sent (
    p INTEGER, o BIGINT, at_ms BIGINT, user_id VARCHAR,
    start_ms BIGINT, end_ms BIGINT, clicks BIGINT
);
-- Conversions and unattributed purchases, by their topic; `value` as it was emitted.
CREATE TABLE outcome (
    topic VARCHAR, p INTEGER, o BIGINT, at_ms BIGINT, user_id VARCHAR, purchase_ms BIGINT,
    value VARCHAR
);
-- Which inner records a stage took late.
CREATE TABLE late_sent (
    p INTEGER, o BIGINT, user_id VARCHAR, stage VARCHAR, source_kind kind, q INTEGER,
    source_o BIGINT
);

-- How far each log has been read: its first offset then, the next one to read, and the last record
-- that was read, which must be there again the next time if the log is still the same.
CREATE TABLE log (
    topic VARCHAR, p INTEGER, first_o BIGINT, next_o BIGINT, last_o BIGINT, last_ms BIGINT
);
CREATE TABLE made_by (fingerprint VARCHAR);

-- Every click with whether it counts, as the counting stage judges it: by its own partition's stream
-- time; late-events also tell of those that came back from idleness. taken_ms: for how long after a
-- window's end clicks are taken into its count, or revise it.
CREATE MACRO clicks_judged(size_ms, taken_ms, count_bots) AS TABLE
SELECT c.p, c.user_id, c.event_ms, c.event_ms - c.event_ms % size_ms AS start_ms,
    c.stream_ms < start_ms + size_ms + taken_ms AND l.source_o IS NULL AS counts
FROM passed c
LEFT JOIN late_sent l ON l.stage = 'count' AND l.p = c.p AND l.user_id = c.user_id
    AND l.q = c.q AND l.source_o = c.source_o
WHERE c.kind = 'clicks' AND (count_bots OR NOT c.bot);

-- Windows with the clicks that had happened up to a time. A window is final when all of it lies up
-- to then, and its count was published.
CREATE MACRO counts_as_of(at_ms, size_ms, taken_ms, count_bots) AS TABLE
SELECT c.p, c.user_id, c.start_ms, c.start_ms + size_ms AS end_ms, c.clicks,
    f.clicks IS NOT NULL AND c.start_ms + size_ms <= at_ms + 1 AS final
FROM (
    SELECT p, user_id, start_ms, count(*) AS clicks
    FROM clicks_judged(size_ms, taken_ms, count_bots)
    WHERE event_ms <= at_ms AND counts
    GROUP BY ALL
) c
LEFT JOIN (
    SELECT p, user_id, start_ms, arg_max(clicks, o) AS clicks FROM count_sent GROUP BY ALL
) f ON f.p = c.p AND f.user_id = c.user_id AND f.start_ms = c.start_ms;

-- Windows whose counts had been published by a time, as they had been last.
CREATE MACRO counts_known(known_ms) AS TABLE
SELECT p, user_id, start_ms, end_ms, arg_max(clicks, o) AS clicks, true AS final
FROM count_sent
WHERE at_ms <= known_ms AND user_id IS NOT NULL AND clicks IS NOT NULL
    AND start_ms >= 0 AND end_ms > start_ms
GROUP BY p, user_id, start_ms, end_ms;

-- Everything that tells the time of an input partition: records, watermark and idle records.
CREATE VIEW told AS
SELECT kind, p, o, appended_ms, q, stream_ms, NULL::BIGINT AS idle_ms, true AS record
FROM passed WHERE source_kind = kind
UNION ALL
SELECT kind, p, o, appended_ms, q, stream_ms, idle_ms, false
FROM mark WHERE source_kind = kind AND (stream_ms IS NOT NULL OR idle_ms IS NOT NULL);

-- No event of an inner log that was read by a time is later than this. What retention deleted of an
-- input partition is not later than the first stream time that it left.
CREATE MACRO latest_by(of_kind, of_p, by_ms) AS (
    SELECT max(ms) FROM (
        SELECT max(stream_ms) AS ms FROM told
        WHERE kind = of_kind AND p = of_p AND appended_ms <= by_ms
        UNION ALL
        SELECT max(ms) FROM (
            SELECT min_by(stream_ms, o) AS ms FROM told
            WHERE kind = of_kind AND p = of_p GROUP BY q
        )
    )
);

-- An instant as this application writes it.
CREATE MACRO written(ms) AS strftime(make_timestamp(ms * 1000), '%Y-%m-%dT%H:%M:%S.%gZ');
