-- A step deletes 20,000 rows at most, in the order of keys: a stage can be in between. Then the
-- first row that is left of those that are due shows how far it has come.
CREATE TABLE first_left AS
SELECT r.what, r.p, min(r.start_ms) AS from_ms
FROM (
    SELECT 'counts' AS what, p, start_ms FROM count_row
    UNION ALL SELECT 'revisions', p, start_ms FROM revision_row
    UNION ALL SELECT 'windows', p, start_ms FROM window_row
    UNION ALL SELECT 'products', p, start_ms FROM product_row
    UNION ALL SELECT 'pages', p, start_ms FROM page_row
) r
JOIN stage_state m2 ON m2.stage = 'counting' AND m2.moment = 2 AND m2.p = r.p
WHERE r.start_ms + size_ms() + grace_ms() + retention_ms() <= m2.again_ms
    AND 20000 < (SELECT n FROM ever WHERE what = 'counts' AND ever.p = r.p)
GROUP BY ALL
UNION ALL
SELECT 'clicks', r.p, min(r.bucket_ms)
FROM click_row r
JOIN stage_state m2 ON m2.stage = 'joining' AND m2.moment = 2 AND m2.p = r.p
WHERE r.bucket_ms + bucket_ms() <= m2.again_ms - join_grace_ms() - within_ms() - revise_ms()
    AND 20000 < (SELECT n FROM ever WHERE what = 'clicks' AND ever.p = r.p)
GROUP BY ALL
UNION ALL
SELECT 'outcomes', r.p, min(r.hour_ms)
FROM outcome_row r
JOIN stage_state m2 ON m2.stage = 'joining' AND m2.moment = 2 AND m2.p = r.p
WHERE r.hour_ms + 3600000 + retention_ms() <= m2.again_ms - join_grace_ms()
    AND 20000 < (SELECT n FROM ever WHERE what = 'outcomes' AND ever.p = r.p)
GROUP BY ALL
UNION ALL
SELECT CASE WHEN r.resolved THEN 'resolved purchases' ELSE 'purchases' END, r.p, min(r.event_ms)
FROM purchase_row r
JOIN stage_state m2 ON m2.stage = 'joining' AND m2.moment = 2 AND m2.p = r.p
WHERE r.event_ms + CASE WHEN r.resolved THEN revise_ms() ELSE 0 END
        < m2.again_ms - join_grace_ms()
    AND 20000 < (SELECT n FROM ever WHERE what = 'purchases' AND ever.p = r.p)
GROUP BY ALL;
