-- The ledgers of the stages, kept again: what became of every record read, and what was sent.
-- A stage's partition (for the intake: input partition) is its place.

CREATE TABLE ledger_said (stage VARCHAR, place INTEGER, name VARCHAR, n BIGINT);

CREATE VIEW ledger_again AS
-- The intake: up to its position. Signals go to every partition of the inner topic.
WITH intake_stage AS (
    SELECT *, CASE WHEN kind = 'clicks' THEN 'enrichment' ELSE 'admission' END AS stage,
        CASE WHEN kind = 'clicks' THEN 'enriched' ELSE 'admitted' END AS passed,
        CASE WHEN kind = 'clicks' THEN 'enriched-clicks' ELSE 'purchases-by-user' END AS topic
    FROM intake
), intake_passed AS (
    SELECT i.stage, i.kind, i.q, i.passed, i.topic, count(*) AS n
    FROM intake_stage i
    JOIN valid_input v ON v.kind = i.kind AND v.q = i.q AND v.o < i.read_to
    GROUP BY ALL
), intake_dead AS (
    SELECT i.stage, i.q, count(*) AS n
    FROM intake_stage i
    JOIN judged j ON j.kind = i.kind AND j.q = i.q AND j.o < i.read_to AND NOT j.good
    GROUP BY ALL
), intake_signal AS (
    SELECT i.stage, i.q, i.topic, count(*) AS n
    FROM intake_stage i
    JOIN mark m ON m.kind = i.kind AND m.source_kind = i.kind AND m.q = i.q
    GROUP BY ALL
)
SELECT stage, place, unnest(names) AS name, n FROM (
SELECT i.stage, i.q AS place, ['read'] AS names, count(*) AS n
FROM intake_stage i
JOIN input x ON x.kind = i.kind AND x.q = i.q AND x.o < i.read_to
GROUP BY ALL
UNION ALL SELECT stage, q, ['became ' || passed], n FROM intake_passed
UNION ALL SELECT stage, q, ['became deadLetters', 'sent dead-letters'], n
FROM intake_dead
UNION ALL
SELECT stage, q, ['sent ' || topic], sum(n) FROM (
    SELECT stage, q, topic, n FROM intake_passed UNION ALL FROM intake_signal
) GROUP BY ALL

-- The stages with tables: up to their positions at moment 2. The dead letters of the join are also
-- records on products that name no input record.
UNION ALL
SELECT s.stage, s.p, ['read', 'became signals'], count(*)
FROM mark m
JOIN position s ON s.moment = 2 AND s.p = m.p AND s.kind = m.kind AND m.o < s.upto
GROUP BY ALL
UNION ALL
SELECT s.stage, s.p, ['read', 'became deadLetters', 'sent dead-letters'], count(*)
FROM foreign_record f
JOIN position s ON s.moment = 2 AND s.p = f.p AND s.kind = f.kind AND f.o < s.upto
GROUP BY ALL
UNION ALL
SELECT s.stage, s.p, ['read'], count(*)
FROM passed c
JOIN position s ON s.moment = 2 AND s.p = c.p AND s.kind = c.kind AND c.o < s.upto
GROUP BY ALL

UNION ALL SELECT 'counting', p, ['became counted'], sum(clicks) FROM counted GROUP BY ALL
UNION ALL SELECT 'counting', p, ['became skipped'], count(*)
FROM counting_click WHERE bot AND NOT count_bots() GROUP BY ALL
UNION ALL SELECT 'counting', p,
    CASE WHEN late_sent() THEN ['became late', 'sent late-events'] ELSE ['became late'] END,
    count(*)
FROM countable WHERE start_ms + size_ms() + grace_ms() + revise_ms() <= told_ms GROUP BY ALL
UNION ALL SELECT 'counting', p, ['became revised'], sum(revisions) FROM revised GROUP BY ALL
UNION ALL SELECT 'counting', c.p, ['sent click-counts'], count(*)
FROM said c
JOIN stage_state m2 ON m2.stage = 'counting' AND m2.moment = 2 AND m2.p = c.p
    AND (c.start_ms, c.user_id) < (m2.closed_start_ms, m2.closed_user)
GROUP BY ALL

UNION ALL SELECT 'joining', p, ['became ' || kind::VARCHAR], count(*)
FROM join_record WHERE late_by_ms <= 0 GROUP BY ALL
UNION ALL SELECT 'joining', p, ['became revised'], count(*)
FROM join_record WHERE late_by_ms BETWEEN 1 AND revise_ms() GROUP BY ALL
UNION ALL SELECT 'joining', p,
    CASE WHEN late_sent() THEN ['became late', 'sent late-events'] ELSE ['became late'] END,
    count(*)
FROM join_record WHERE late_by_ms > revise_ms() GROUP BY ALL
UNION ALL SELECT 'joining', c.p,
    CASE WHEN c.product_id IS NULL THEN ['became skipped']
        ELSE ['became deadLetters', 'sent dead-letters'] END, count(*)
FROM passed c
JOIN position s ON s.stage = 'joining' AND s.moment = 2 AND s.p = c.p AND s.kind = c.kind
    AND c.o < s.upto
WHERE c.product_id IS NULL OR c.source_o IS NULL OR strlen(c.product_id) > 256
GROUP BY ALL
UNION ALL SELECT 'joining', a.p, ['sent conversion-events'], count(*)
FROM attributed a
LEFT JOIN first_left f ON f.what = 'purchases' AND f.p = a.p
WHERE attribution() = 'all' OR coalesce(a.purchase_ms < f.from_ms, true)
GROUP BY ALL
UNION ALL SELECT 'joining', b.p, ['sent unattributed-purchases'], count(*)
FROM join_purchase b
LEFT JOIN first_left f ON f.what = 'purchases' AND f.p = b.p
WHERE b.may_be_done AND coalesce(b.event_ms < f.from_ms, true) AND NOT b.matched
GROUP BY ALL
);

-- Only ledgers that begin with their logs can be kept again.
CREATE TABLE ledger_whole (stage VARCHAR, place INTEGER, signals BOOLEAN);

-- While the intake is at work its signals run ahead of its position, and retention may have deleted
-- some: what it sent to the inner topics is compared at rest, and where the inner logs are whole.
CREATE VIEW expected_ledgers AS
SELECT stage, place, name, sum(n) AS n, true AS must
FROM ledger_again JOIN ledger_whole w USING (stage, place)
WHERE w.signals OR name NOT IN ('sent enriched-clicks', 'sent purchases-by-user')
GROUP BY stage, place, name;

CREATE VIEW found_ledgers AS
SELECT s.stage, s.place, s.name, s.n
FROM ledger_said s JOIN ledger_whole w USING (stage, place)
WHERE s.n <> 0
    AND (w.signals OR s.name NOT IN ('sent enriched-clicks', 'sent purchases-by-user'));

-- At rest a topic holds as many records as the ledgers say were sent.
CREATE TABLE topic_count (topic VARCHAR, records BIGINT);
CREATE VIEW expected_sent AS
SELECT substr(name, 6) AS topic, sum(n) AS records, true AS must
FROM ledger_said
WHERE name LIKE 'sent %' AND substr(name, 6) IN (SELECT topic FROM topic_count)
GROUP BY ALL HAVING sum(n) > 0;
CREATE VIEW found_sent AS SELECT topic, records FROM topic_count WHERE records > 0;
