-- Every input record is in exactly one place: passed on to the inner topic, or in the dead letters.

-- Valid records: those SQL read, and those that judge.py found good.
CREATE TABLE valid_input AS
SELECT i.kind, i.q, i.o, i.user_id, i.product_id, i.event_ms
FROM input i
JOIN seen s ON i.kind = s.kind AND i.q = s.q AND i.o < s.seen_to
WHERE i.readable
    AND NOT EXISTS (SELECT 1 FROM judged j WHERE j.kind = i.kind AND j.q = i.q AND j.o = i.o)
UNION ALL
SELECT kind, q, o, user_id, product_id, event_ms FROM judged WHERE good;

-- A log that retention has shortened begins with a stream time that only its first inner record
-- tells.
CREATE TABLE stream_before AS
SELECT f.kind, f.q, min_by(f.stream_ms, f.source_o) AS stream_ms
FROM passed f
JOIN intake i ON i.kind = f.kind AND i.q = f.q AND i.log_start > 0
WHERE f.source_kind = f.kind AND f.source_o >= i.log_start
GROUP BY ALL;

-- streamTime is the highest event time of the valid records of the input partition, up to and
-- including the record, in offset order.
CREATE TABLE expected_passed AS
SELECT v.kind, v.q, v.o AS source_o, v.user_id, v.product_id, v.event_ms,
    greatest(
        max(v.event_ms) OVER (PARTITION BY v.kind, v.q ORDER BY v.o
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
        b.stream_ms) AS stream_ms,
    v.o < i.read_to AND v.o >= coalesce(c.source_from, 0) AS must
FROM valid_input v
JOIN intake i ON i.kind = v.kind AND i.q = v.q
LEFT JOIN stream_before b ON b.kind = v.kind AND b.q = v.q
LEFT JOIN passed_from c ON c.kind = v.kind AND c.q = v.q;

CREATE VIEW expected_enriched AS
SELECT * EXCLUDE (kind) FROM expected_passed WHERE kind = 'clicks' AND chosen(user_id, event_ms);
CREATE VIEW expected_admitted AS
SELECT * EXCLUDE (kind) FROM expected_passed WHERE kind = 'purchases' AND chosen(user_id, event_ms);

-- What was passed on, as far as the input log still reaches back to it. A source that is no record
-- of this input is of no partition.
CREATE VIEW found_passed AS
SELECT f.kind, CASE WHEN f.source_kind = f.kind THEN f.q END AS q,
    CASE WHEN f.source_kind = f.kind THEN f.source_o END AS source_o,
    f.user_id, f.product_id, f.event_ms, f.stream_ms
FROM passed f
LEFT JOIN intake i ON i.kind = f.source_kind AND i.q = f.q
WHERE coalesce(f.source_o >= i.log_start, true) AND chosen(f.user_id, f.event_ms);
CREATE VIEW found_enriched AS SELECT * EXCLUDE (kind) FROM found_passed WHERE kind = 'clicks';
CREATE VIEW found_admitted AS SELECT * EXCLUDE (kind) FROM found_passed WHERE kind = 'purchases';

-- Dead letters: bad input records, by name. Records in the inner topics that are none of ours are
-- told of by each stage that reads them: enriched-clicks by two, purchases-by-user by one.
CREATE VIEW expected_dead AS
SELECT CASE WHEN j.kind = 'clicks' THEN clicks_topic() ELSE purchases_topic() END
    || '-' || j.q || '-' || j.o AS source, j.o < i.read_to AND letters_whole() AS must
FROM judged j
JOIN intake i ON i.kind = j.kind AND i.q = j.q
WHERE NOT j.good
UNION ALL
SELECT enriched_topic() || '-' || f.p || '-' || f.o, f.o < s.clicks_to AND letters_whole()
FROM foreign_record f
JOIN stage_state s ON s.moment = 1 AND s.p = f.p
WHERE f.kind = 'clicks'
UNION ALL
SELECT admitted_topic() || '-' || f.p || '-' || f.o, f.o < s.purchases_to AND letters_whole()
FROM foreign_record f
JOIN stage_state s ON s.moment = 1 AND s.p = f.p AND s.stage = 'joining'
WHERE f.kind = 'purchases';

-- Dead letters of other sources (lines of a file that `load` could not read) are not compared.
CREATE VIEW found_dead AS
SELECT d.source
FROM dead_letter d
LEFT JOIN intake i ON i.kind = d.source_kind AND i.q = d.q
WHERE coalesce(d.source_o >= i.log_start, true)
    AND (d.source_kind IS NOT NULL OR place(d.source, enriched_topic()) IS NOT NULL
        OR place(d.source, admitted_topic()) IS NOT NULL);
