-- Up to where each input partition has been read, as far as anything shows it.
CREATE TABLE seen AS
SELECT kind, q, max(seen_to) AS seen_to FROM (
    SELECT kind, q, read_to AS seen_to FROM intake
    UNION ALL SELECT source_kind, q, max(source_o) + 1 FROM passed GROUP BY ALL
    UNION ALL SELECT source_kind, q, max(source_o) + 1 FROM dead_letter GROUP BY ALL
) GROUP BY ALL;

-- Input records that need a second look, by Python: SQL could not read them, they went to the dead
-- letters, or no inner record says the same.
CREATE TABLE suspect AS
SELECT i.kind, i.q, i.o, i.recorded_ms, i.value
FROM input i
JOIN seen s ON i.kind = s.kind AND i.q = s.q AND i.o < s.seen_to
LEFT JOIN passed f ON f.kind = i.kind AND f.source_kind = i.kind
    AND f.q = i.q AND f.source_o = i.o
    AND f.user_id = i.user_id AND f.event_ms = i.event_ms
    AND coalesce(f.product_id, '') = coalesce(i.product_id, '')
WHERE f.o IS NULL OR NOT i.readable
UNION
SELECT i.kind, i.q, i.o, i.recorded_ms, i.value
FROM input i
JOIN dead_letter d ON d.source_kind = i.kind AND d.q = i.q AND d.source_o = i.o;

-- What judge.py says of them.
CREATE TABLE judged (
    kind kind, q INTEGER, o BIGINT, good BOOLEAN,
    user_id VARCHAR, product_id VARCHAR, event_ms BIGINT
);
