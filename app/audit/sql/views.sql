-- What the web views tell of some users' closed windows, from the live stores.
CREATE TABLE asked (user_id VARCHAR);
CREATE TABLE told_window (
    user_id VARCHAR, window_start VARCHAR, window_end VARCHAR, clicks BIGINT, revision BIGINT
);

-- Every window that was closed at moment 2 and is whole, as it was revised last. While the application is at work, those
-- that are due may have been deleted since.
CREATE TABLE final_window AS
SELECT c.user_id, c.start_ms, c.start_ms + size_ms() AS end_ms, c.clicks, c.revision,
    at_rest() AND c.start_ms + size_ms() + grace_ms() + retention_ms() > m2.again_ms AS must
FROM said c
JOIN stage_state m2 ON m2.stage = 'counting' AND m2.moment = 2 AND m2.p = c.p
JOIN complete_from l ON l.p = c.p
WHERE (c.start_ms, c.user_id) < (m2.closed_start_ms, m2.closed_user)
    AND c.start_ms >= l.clicks_ms AND chosen(c.user_id, c.start_ms)
QUALIFY c.revision = max(c.revision) OVER (PARTITION BY c.p, c.user_id, c.start_ms);

CREATE VIEW expected_views AS SELECT * FROM final_window WHERE user_id IN (FROM asked);

-- Windows that have closed since moment 2 are left out: a user's windows all close with their
-- partition. So are counts that were revised since.
CREATE VIEW found_views AS
SELECT t.user_id, our_ms(t.window_start) AS start_ms, our_ms(t.window_end) AS end_ms, t.clicks,
    t.revision
FROM told_window t
WHERE chosen(t.user_id, our_ms(t.window_start)) AND EXISTS (
    SELECT 1 FROM said c
    JOIN stage_state m2 ON m2.stage = 'counting' AND m2.moment = 2 AND m2.p = c.p
    JOIN complete_from l ON l.p = c.p
    WHERE c.user_id = t.user_id AND our_ms(t.window_start) >= l.clicks_ms
        AND (at_rest() OR t.revision = 0
            OR (c.start_ms = our_ms(t.window_start) AND t.revision <= c.revision))
        AND our_ms(t.window_start) + size_ms() + grace_ms() <= m2.again_ms);
