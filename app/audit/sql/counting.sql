-- Clicks per user in tumbling windows.

-- The clicks that the counting stage had read at moment 2. told_ms: how far time had come for the
-- click, by its own partition's stream time; by the stage's where it came back from idleness.
CREATE VIEW counting_click AS
SELECT c.p, c.o, c.user_id, c.product_id, c.page, c.event_ms, c.bot, c.q, c.source_o,
    window_of(c.event_ms) AS start_ms,
    greatest(c.stream_ms, x.s_ms) AS told_ms,
    c.o < m1.clicks_to AS must
FROM passed c
JOIN stage_state m1 ON m1.stage = 'counting' AND m1.moment = 1 AND m1.p = c.p
JOIN stage_state m2 ON m2.stage = 'counting' AND m2.moment = 2 AND m2.p = c.p
    AND c.o < m2.clicks_to
LEFT JOIN pushed x ON x.stage = 'counting' AND x.kind = 'clicks' AND x.p = c.p AND x.o = c.o
WHERE c.kind = 'clicks';

-- Bots count unless COUNT_BOTS=false: then they are neither counted nor late.
CREATE TABLE countable AS SELECT * FROM counting_click WHERE count_bots() OR NOT bot;

-- A click is late when its window's end + grace <= the time told. All others count.
CREATE TABLE counted AS
SELECT p, user_id, start_ms, count(*) AS clicks
FROM countable
WHERE start_ms + size_ms() + grace_ms() > told_ms
GROUP BY ALL;

-- Clicks that are late by less than the horizon revise their counts: none but where
-- LATE_POLICY=revise.
CREATE TABLE revised AS
SELECT p, user_id, start_ms, count(*) AS revisions, count(*) FILTER (must) AS must_revisions
FROM countable
WHERE told_ms - start_ms - size_ms() - grace_ms() BETWEEN 0 AND revise_ms() - 1
GROUP BY ALL;

-- All that is to be said of a user and window once it has closed: the final count, if there are
-- clicks on time, then a record for each that revises it.
CREATE TABLE said AS
SELECT p, user_id, start_ms, 0 AS revision, clicks, true AS must FROM counted
UNION ALL
SELECT p, user_id, start_ms, k, coalesce(clicks, 0) + k, k <= must_revisions
FROM (SELECT *, unnest(range(1, revisions + 1)) AS k FROM revised)
LEFT JOIN counted USING (p, user_id, start_ms);

-- A window closes when end + grace <= S: then one final count per user with clicks in it.
CREATE VIEW expected_counts AS
SELECT c.user_id, c.start_ms, c.revision, c.start_ms + size_ms() AS end_ms, c.clicks,
    c.must AND (c.start_ms, c.user_id) < (m1.closed_start_ms, m1.closed_user)
        AND c.start_ms + size_ms() + grace_ms() <= m1.again_ms
        AND c.start_ms >= l.counts_ms AS must
FROM said c
JOIN stage_state m1 ON m1.stage = 'counting' AND m1.moment = 1 AND m1.p = c.p
JOIN stage_state m2 ON m2.stage = 'counting' AND m2.moment = 2 AND m2.p = c.p
JOIN complete_from l ON l.p = c.p
WHERE c.start_ms + size_ms() + grace_ms() <= m2.again_ms
    AND c.start_ms >= l.clicks_ms
    AND chosen(c.user_id, c.start_ms);

CREATE VIEW found_counts AS
SELECT user_id, start_ms, revision, end_ms, clicks
FROM count_sent f
JOIN complete_from l USING (p)
WHERE coalesce(start_ms >= l.clicks_ms, true) AND chosen(user_id, start_ms);

-- Other late clicks are late events, with what they lacked; none where LATE_POLICY=discard.
CREATE VIEW expected_late_clicks AS
SELECT q, source_o, user_id, event_ms, start_ms, start_ms + size_ms() AS end_ms,
    told_ms - start_ms - size_ms() - grace_ms() AS late_by_ms, must AND l.late_whole AS must
FROM countable
JOIN complete_from l USING (p)
WHERE start_ms + size_ms() + grace_ms() + revise_ms() <= told_ms AND late_sent() AND chosen(user_id, event_ms);

-- Late events of records that retention has deleted from the inner log can't be judged.
CREATE VIEW found_late_clicks AS
SELECT f.q, f.source_o, f.user_id, f.event_ms, f.start_ms, f.end_ms, f.late_by_ms
FROM late_sent f
JOIN complete_from l USING (p)
WHERE f.stage IS DISTINCT FROM 'join' AND chosen(f.user_id, f.event_ms)
    AND (l.clicks_whole OR EXISTS (
        SELECT 1 FROM passed c WHERE c.kind = 'clicks' AND c.q = f.q AND c.source_o = f.source_o));

-- The table keeps a window until S >= end + grace + retention.
CREATE VIEW expected_count_rows AS
SELECT c.p, c.user_id, c.start_ms, c.clicks,
    c.start_ms + size_ms() + grace_ms() + retention_ms() > m2.again_ms AS must
FROM counted c
JOIN stage_state m2 ON m2.stage = 'counting' AND m2.moment = 2 AND m2.p = c.p
JOIN complete_from l ON l.p = c.p
LEFT JOIN first_left f ON f.what = 'counts' AND f.p = c.p
WHERE c.start_ms >= l.clicks_ms AND chosen(c.user_id, c.start_ms)
    AND (must OR c.start_ms >= f.from_ms);

CREATE VIEW found_count_rows AS
SELECT r.p, r.user_id, r.start_ms, r.clicks
FROM count_row r
JOIN complete_from l USING (p)
WHERE coalesce(r.start_ms >= l.clicks_ms, true) AND chosen(r.user_id, r.start_ms);

-- How often counts were revised, while the table keeps the window.
CREATE VIEW expected_revision_rows AS
SELECT c.p, c.user_id, c.start_ms, c.revisions AS revision,
    c.start_ms + size_ms() + grace_ms() + retention_ms() > m2.again_ms AS must
FROM revised c
JOIN stage_state m2 ON m2.stage = 'counting' AND m2.moment = 2 AND m2.p = c.p
JOIN complete_from l ON l.p = c.p
LEFT JOIN first_left f ON f.what = 'revisions' AND f.p = c.p
WHERE c.start_ms >= l.clicks_ms AND chosen(c.user_id, c.start_ms)
    AND (must OR c.start_ms >= f.from_ms);

CREATE VIEW found_revision_rows AS
SELECT r.p, r.user_id, r.start_ms, r.revisions AS revision
FROM revision_row r
JOIN complete_from l USING (p)
WHERE coalesce(r.start_ms >= l.clicks_ms, true) AND chosen(r.user_id, r.start_ms);

-- A window as a whole: its clicks, its users, and the late clicks that did not lack the retention,
-- too. These rows and the rankings are of all users, whoever was chosen.
CREATE VIEW window_total AS
SELECT p, start_ms, sum(clicks)::BIGINT AS clicks, sum(users)::BIGINT AS users,
    sum(late)::BIGINT AS late
FROM (
    SELECT p, start_ms, clicks, 1 AS users, 0 AS late FROM counted
    UNION ALL
    SELECT p, start_ms, 0, 0, 1 FROM countable
    WHERE told_ms - start_ms - size_ms() - grace_ms() BETWEEN 0 AND retention_ms() - 1
) GROUP BY ALL;

-- How often each product, and each page, was clicked in a window.
CREATE VIEW product_total AS
SELECT p, start_ms, product_id, count(*) AS clicks
FROM countable
WHERE start_ms + size_ms() + grace_ms() > told_ms AND rank_products()
    AND strlen(product_id) BETWEEN 1 AND 256
GROUP BY ALL;

CREATE VIEW page_total AS
SELECT p, start_ms, page, count(*) AS clicks
FROM countable
WHERE start_ms + size_ms() + grace_ms() > told_ms AND page IS NOT NULL
GROUP BY ALL;

-- Partitions and windows whose rows must, or may still, be there.
CREATE MACRO kept_windows(kind) AS TABLE
SELECT DISTINCT c.p, c.start_ms,
    c.start_ms + size_ms() + grace_ms() + retention_ms() > m2.again_ms AS must
FROM window_total c
JOIN stage_state m2 ON m2.stage = 'counting' AND m2.moment = 2 AND m2.p = c.p
JOIN complete_from l ON l.p = c.p
LEFT JOIN first_left f ON f.what = kind AND f.p = c.p
WHERE c.start_ms >= l.clicks_ms AND chosen(NULL, c.start_ms) AND (must OR c.start_ms >= f.from_ms);

CREATE VIEW expected_window_rows AS
SELECT * FROM window_total JOIN kept_windows('windows') USING (p, start_ms);
CREATE VIEW expected_product_rows AS
SELECT * FROM product_total JOIN kept_windows('products') USING (p, start_ms);
CREATE VIEW expected_page_rows AS
SELECT * FROM page_total JOIN kept_windows('pages') USING (p, start_ms);

CREATE VIEW found_window_rows AS
SELECT r.* FROM window_row r JOIN complete_from l USING (p)
WHERE coalesce(r.start_ms >= l.clicks_ms, true) AND chosen(NULL, r.start_ms);

-- Rankings that are not kept any more stay until their windows expire.
CREATE VIEW found_product_rows AS
SELECT r.* FROM product_row r JOIN complete_from l USING (p)
WHERE coalesce(r.start_ms >= l.clicks_ms, true) AND chosen(NULL, r.start_ms) AND rank_products();
CREATE VIEW found_page_rows AS
SELECT r.* FROM page_row r JOIN complete_from l USING (p)
WHERE coalesce(r.start_ms >= l.clicks_ms, true) AND chosen(NULL, r.start_ms) AND rank_pages();
