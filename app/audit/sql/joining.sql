-- Purchases matched to the clicks before them.

-- Records on products that the joining stage had read at moment 2. A record is late when
-- t + grace < the time told: by its own partition's stream time; by the stage's where it came back
-- from idleness.
CREATE TABLE told AS
SELECT c.kind, c.p, c.o, c.user_id, c.product_id, c.event_ms, c.q, c.source_o, c.value,
    c.stream_ms - join_grace_ms() - c.event_ms AS late_by_own_ms,
    greatest(c.stream_ms, x.s_ms) - join_grace_ms() - c.event_ms AS late_by_ms,
    c.o < CASE WHEN c.kind = 'clicks' THEN m1.clicks_to ELSE m1.purchases_to END AS must
FROM passed c
JOIN stage_state m1 ON m1.stage = 'joining' AND m1.moment = 1 AND m1.p = c.p
JOIN stage_state m2 ON m2.stage = 'joining' AND m2.moment = 2 AND m2.p = c.p
    AND c.o < CASE WHEN c.kind = 'clicks' THEN m2.clicks_to ELSE m2.purchases_to END
LEFT JOIN pushed x ON x.stage = 'joining' AND x.kind = c.kind AND x.p = c.p AND x.o = c.o
WHERE c.product_id IS NOT NULL AND c.source_o IS NOT NULL AND strlen(c.product_id) <= 256;

-- What came back from idleness in one input is judged by how far the *other* input had come when
-- the stage read it. The order of appending tells that, unless one input lagged; so there the stage
-- has the last word, if it can be true: its late event and what was lacked, or none where the
-- record is not late by its own partition's stream time either. Where late records revise, those
-- without a late event are judged by the order, up to the horizon.
CREATE TABLE returned_verdict AS
SELECT t.kind, t.p, t.o, t.late_by_ms AS by_order_ms,
    coalesce(max(f.late_by_ms),
        CASE WHEN revise_ms() > 0 THEN least(t.late_by_ms, revise_ms())
            WHEN t.late_by_own_ms > 0 THEN t.late_by_ms ELSE 0 END) AS late_by_ms
FROM told t
JOIN returned r ON r.stage = 'joining' AND r.kind = t.kind AND r.p = t.p AND r.o = t.o
JOIN stage_state m2 ON m2.stage = 'joining' AND m2.moment = 2 AND m2.p = t.p
LEFT JOIN late_sent f ON f.stage = 'join' AND f.p = t.p
    AND f.source_kind = t.kind AND f.q = t.q AND f.source_o = t.source_o
    AND f.late_by_ms BETWEEN greatest(1 + revise_ms(), t.late_by_own_ms)
        AND m2.again_ms - join_grace_ms() - t.event_ms
WHERE late_sent()
GROUP BY t.kind, t.p, t.o, t.late_by_ms, t.late_by_own_ms;

CREATE TABLE join_record AS
SELECT t.* EXCLUDE (late_by_own_ms) REPLACE (coalesce(v.late_by_ms, t.late_by_ms) AS late_by_ms)
FROM told t
LEFT JOIN returned_verdict v ON v.kind = t.kind AND v.p = t.p AND v.o = t.o;

CREATE VIEW expected_late_joins AS
SELECT r.kind, r.q, r.source_o, r.user_id, r.event_ms, r.late_by_ms, r.must AND l.late_whole AS must
FROM join_record r
JOIN complete_from l USING (p)
WHERE r.late_by_ms > revise_ms() AND late_sent() AND chosen(r.user_id, r.event_ms);

CREATE VIEW found_late_joins AS
SELECT f.source_kind AS kind, f.q, f.source_o, f.user_id, f.event_ms, f.late_by_ms
FROM late_sent f
JOIN complete_from l USING (p)
WHERE f.stage = 'join' AND chosen(f.user_id, f.event_ms)
    AND (l.clicks_whole OR EXISTS (
        SELECT 1 FROM passed c
        WHERE c.kind = f.source_kind AND c.q = f.q AND c.source_o = f.source_o));

-- The two sides. A record is named by its source, so one that comes twice is taken once. Late ones
-- take part where late records revise, up to the horizon.
CREATE TABLE join_click AS
SELECT p, user_id, product_id, event_ms, q, source_o, bool_or(must) AS must,
    bool_and(late_by_ms > 0) AS late
FROM join_record WHERE kind = 'clicks' AND late_by_ms <= revise_ms() GROUP BY ALL;

-- A purchase's order is all its fields but ours. W = S - grace; the purchase is done with when
-- W > t: at moment 1, unless it was still pending at moment 2. Where late records revise it is
-- kept for them until W > t + horizon.
CREATE TABLE taken_purchase AS
SELECT r.p, r.user_id, r.product_id, r.event_ms, r.q, r.source_o, bool_or(r.must) AS must,
    bool_and(r.late_by_ms > 0) AS late,
    any_value(json_merge_patch(r.value, '{"userId":null,"productId":null,"timestamp":null,'
        || '"sourceRecord":null,"streamTime":null}')) AS purchase_order,
    bool_and(r.event_ms < m1.again_ms - join_grace_ms()
        AND coalesce(r.event_ms < f.from_ms, true)) AS done,
    bool_and(r.event_ms < m2.again_ms - join_grace_ms()) AS may_be_done,
    bool_and(r.event_ms < m2.again_ms - join_grace_ms()
        AND coalesce(r.event_ms < f.from_ms, true)) AS done_by_now,
    bool_and(r.event_ms + revise_ms() < m2.again_ms - join_grace_ms()) AS may_be_dropped,
    bool_and(r.event_ms >= l.purchases_ms) AS complete,
    bool_and(l.conversions_whole) AS conversions_whole,
    bool_and(l.unattributed_whole) AS unattributed_whole
FROM join_record r
JOIN stage_state m1 ON m1.stage = 'joining' AND m1.moment = 1 AND m1.p = r.p
JOIN stage_state m2 ON m2.stage = 'joining' AND m2.moment = 2 AND m2.p = r.p
JOIN complete_from l ON l.p = r.p
LEFT JOIN first_left f ON f.what = 'purchases' AND f.p = r.p
WHERE r.kind = 'purchases' AND r.late_by_ms <= revise_ms()
GROUP BY r.p, r.user_id, r.product_id, r.event_ms, r.q, r.source_o;

-- The rule: same user and product, and 0 <= purchase - click < within. A pair with a late record is
-- a revision.
CREATE TABLE pair AS
SELECT b.p, b.user_id, b.product_id, c.event_ms AS click_ms, b.event_ms AS purchase_ms,
    c.q AS click_q, c.source_o AS click_o, b.q AS purchase_q, b.source_o AS purchase_o,
    b.purchase_order, b.complete, b.conversions_whole, b.done, b.may_be_done, b.done_by_now,
    c.must AND b.must AS both_read, c.late AS click_late, (c.late OR b.late)::INTEGER AS revision
FROM taken_purchase b
JOIN join_click c ON c.p = b.p AND c.user_id = b.user_id AND c.product_id = b.product_id
    AND b.event_ms - c.event_ms >= 0 AND b.event_ms - c.event_ms < within_ms();

-- Only clicks on time say that a purchase is not unattributed.
CREATE TABLE join_purchase AS
SELECT *, EXISTS (
    SELECT 1 FROM pair x WHERE x.p = b.p AND x.purchase_q = b.q AND x.purchase_o = b.source_o
        AND NOT x.click_late) AS matched
FROM taken_purchase b;

-- Attribution: every pair, when its second record was read; or the last or the first click of a
-- purchase (ties by input partition, then offset), when the purchase is done with.
CREATE VIEW attributed AS
SELECT *, CASE WHEN attribution() = 'all' THEN both_read ELSE done END AS must
FROM pair
QUALIFY attribution() = 'all'
    OR may_be_done AND 1 = CASE WHEN attribution() = 'last'
        THEN row_number() OVER (PARTITION BY p, purchase_q, purchase_o
            ORDER BY click_ms DESC, click_q DESC, click_o DESC)
        ELSE row_number() OVER (PARTITION BY p, purchase_q, purchase_o
            ORDER BY click_ms, click_q, click_o) END;

CREATE VIEW expected_conversions AS
SELECT user_id, product_id, click_q, click_o, purchase_q, purchase_o, click_ms, purchase_ms,
    purchase_ms - click_ms AS took_ms, purchase_order, revision,
    must AND conversions_whole AS must
FROM attributed
WHERE complete AND chosen(user_id, purchase_ms);

CREATE VIEW found_conversions AS
SELECT f.user_id, f.product_id, f.click_q, f.click_o, f.purchase_q, f.purchase_o,
    f.click_ms, f.purchase_ms, f.took_ms, f.purchase_order, f.revision
FROM conversion_sent f
JOIN complete_from l USING (p)
WHERE coalesce(f.purchase_ms >= l.purchases_ms, true) AND chosen(f.user_id, f.purchase_ms);

-- A purchase without any click on time is unattributed, once it is done with.
CREATE VIEW expected_unattributed AS
SELECT b.user_id, b.product_id, b.q AS purchase_q, b.source_o AS purchase_o,
    b.event_ms AS purchase_ms, b.purchase_order, b.late::INTEGER AS revision,
    b.done AND b.must AND b.unattributed_whole AS must
FROM join_purchase b
WHERE b.may_be_done AND b.complete AND chosen(b.user_id, b.event_ms) AND NOT b.matched;

CREATE VIEW found_unattributed AS
SELECT f.user_id, f.product_id, f.purchase_q, f.purchase_o, f.purchase_ms, f.purchase_order,
    f.revision
FROM unattributed_sent f
JOIN complete_from l USING (p)
WHERE coalesce(f.purchase_ms >= l.purchases_ms, true) AND chosen(f.user_id, f.purchase_ms);

-- The table keeps a click until its whole time bucket can match nothing any more, and a purchase
-- until it is done with, marked as matched once it is; where late records revise, each for the
-- horizon longer, marked as late if it is, and a purchase as resolved once W has passed it.
CREATE VIEW expected_click_rows AS
SELECT c.p, c.user_id, c.product_id, c.event_ms, c.q, c.source_o, c.late,
    c.event_ms - c.event_ms % bucket_ms() AS bucket_ms,
    c.event_ms + within_ms() + revise_ms() > m2.again_ms - join_grace_ms() AS must
FROM join_click c
JOIN stage_state m2 ON m2.stage = 'joining' AND m2.moment = 2 AND m2.p = c.p
JOIN complete_from l ON l.p = c.p
LEFT JOIN first_left f ON f.what = 'clicks' AND f.p = c.p
WHERE c.event_ms >= l.clicks_ms AND chosen(c.user_id, c.event_ms)
    AND (bucket_ms + bucket_ms() > m2.again_ms - join_grace_ms() - within_ms() - revise_ms()
        OR bucket_ms >= f.from_ms);

CREATE VIEW found_click_rows AS
SELECT r.p, r.user_id, r.product_id, r.event_ms, r.q, r.source_o, r.bucket_ms, r.late
FROM click_row r
JOIN complete_from l USING (p)
WHERE coalesce(r.event_ms >= l.clicks_ms, true) AND chosen(r.user_id, r.event_ms);

CREATE VIEW expected_purchase_rows AS
SELECT b.p, b.user_id, b.product_id, b.event_ms, b.q, b.source_o,
    attribution() = 'all' AND b.matched AS matched, b.late,
    revise_ms() > 0 AND b.done_by_now AS resolved,
    NOT b.may_be_dropped AS must
FROM join_purchase b
LEFT JOIN first_left f ON f.what = 'purchases' AND f.p = b.p
LEFT JOIN first_left r ON r.what = 'resolved purchases' AND r.p = b.p
WHERE b.complete AND chosen(b.user_id, b.event_ms)
    AND (NOT b.may_be_dropped OR b.event_ms >= f.from_ms OR b.event_ms >= r.from_ms);

CREATE VIEW found_purchase_rows AS
SELECT r.p, r.user_id, r.product_id, r.event_ms,
    r.q, r.source_o, r.matched, r.late, r.resolved
FROM purchase_row r
JOIN complete_from l USING (p)
WHERE coalesce(r.event_ms >= l.purchases_ms, true) AND chosen(r.user_id, r.event_ms);

-- What came of purchases by moment 2, in the table until its hour's end + retention <= W.
CREATE VIEW outcome AS
SELECT p, user_id, product_id, click_q, click_o, click_ms, purchase_q, purchase_o, purchase_ms,
    purchase_order, revision, complete, attribution() = 'all' OR done_by_now AS sure
FROM attributed
UNION ALL
SELECT p, user_id, product_id, NULL, NULL, NULL, q, source_o, event_ms,
    purchase_order, late::INTEGER, complete, done_by_now
FROM join_purchase
WHERE may_be_done AND NOT matched;

CREATE VIEW expected_outcome_rows AS
SELECT c.* EXCLUDE (complete, sure), c.purchase_ms - c.purchase_ms % 3600000 AS hour_ms,
    hour_ms + 3600000 + retention_ms() > m2.again_ms - join_grace_ms() AS kept,
    c.sure AND kept AS must
FROM outcome c
JOIN stage_state m2 ON m2.stage = 'joining' AND m2.moment = 2 AND m2.p = c.p
LEFT JOIN first_left f ON f.what = 'outcomes' AND f.p = c.p
WHERE c.complete AND chosen(c.user_id, c.purchase_ms) AND (kept OR hour_ms >= f.from_ms);

-- A row whose key says another thing than its value is one of no purchase.
CREATE VIEW found_outcome_rows AS
WITH fields AS (
    SELECT *, CASE WHEN json_valid(value) THEN json_extract_string(value, ['userId', 'productId',
        'clickTimestamp', 'purchaseTimestamp', 'click', 'purchase', 'id', 'order', 'revision'])
        END AS text
    FROM outcome_row
), places AS (
    SELECT *, coalesce(text[1] = user_id AND our_ms(text[4]) = purchase_ms
            AND name = CASE WHEN what = 'c' THEN text[7] ELSE text[6] END
            AND name = CASE WHEN what = 'c' THEN text[5] || '/' || text[6] ELSE text[6] END, false)
            AS agree,
        CASE WHEN agree AND what = 'c' THEN place(text[5], clicks_topic()) END AS click,
        CASE WHEN agree THEN place(text[6], purchases_topic()) END AS purchase
    FROM fields
)
SELECT r.p, r.user_id, r.text[2] AS product_id, r.click[1] AS click_q, r.click[2] AS click_o,
    our_ms(r.text[3]) AS click_ms, r.purchase[1] AS purchase_q, r.purchase[2] AS purchase_o,
    r.purchase_ms, r.text[8] AS purchase_order, r.hour_ms, revision_of(r.text[9]) AS revision
FROM places r
JOIN complete_from l USING (p)
WHERE coalesce(r.purchase_ms >= l.purchases_ms, true) AND chosen(r.user_id, r.purchase_ms);
