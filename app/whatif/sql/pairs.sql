-- Every click and purchase of the same user and product that are less than the longest `within`
-- apart, and how much grace each needs: a record is late when that is more than the grace.
CREATE OR REPLACE TEMP TABLE bought AS
SELECT c.kind, c.p, c.o, c.user_id, c.product_id, c.event_ms,
    greatest(c.stream_ms, x.s_ms) - c.event_ms AS lacked_ms
FROM passed c
LEFT JOIN pushed x ON x.stage = 'joining' AND x.kind = c.kind AND x.p = c.p AND x.o = c.o
WHERE c.product_id IS NOT NULL;

CREATE OR REPLACE TEMP TABLE pair AS
SELECT b.p, b.o, b.event_ms - c.event_ms AS took_ms, greatest(b.lacked_ms, c.lacked_ms) AS lacked_ms
FROM bought b
JOIN bought c ON c.kind = 'clicks' AND c.p = b.p AND c.user_id = b.user_id
    AND c.product_id = b.product_id
    AND c.event_ms <= b.event_ms AND c.event_ms > b.event_ms - longest_ms()
WHERE b.kind = 'purchases';
