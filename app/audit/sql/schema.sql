-- What is read from Kafka: one table for each kind of record, slim columns only.
--
-- Everywhere: `kind` says whether a record is a click's or a purchase's; q and source_o are the
-- partition and offset of the *input* record it stems from, p and o its own; times are epoch ms.
-- A column is NULL where a record could not be read.

-- clicks and purchases as they came. `value` is kept only where SQL could not read it (judge.py
-- reads it then); `readable` where SQL did and found nothing wrong.
CREATE TABLE input (
    kind kind, q INTEGER, o BIGINT, recorded_ms BIGINT,
    user_id VARCHAR, product_id VARCHAR, event_ms BIGINT, readable BOOLEAN, value BLOB
);

-- The outputs. A record without `revision` is read as revision 0.
CREATE TABLE count_sent (
    p INTEGER, o BIGINT, user_id VARCHAR, start_ms BIGINT, end_ms BIGINT, clicks BIGINT,
    revision BIGINT
);
CREATE TABLE late_sent (
    p INTEGER, o BIGINT, user_id VARCHAR, stage VARCHAR, late_by_ms BIGINT,
    start_ms BIGINT, end_ms BIGINT, event_ms BIGINT,
    source_kind kind, q INTEGER, source_o BIGINT
);
CREATE TABLE conversion_sent (
    p INTEGER, o BIGINT, user_id VARCHAR, product_id VARCHAR, click_ms BIGINT, purchase_ms BIGINT,
    took_ms BIGINT, click_q INTEGER, click_o BIGINT, purchase_q INTEGER, purchase_o BIGINT,
    purchase_order VARCHAR, revision BIGINT
);
CREATE TABLE unattributed_sent (
    p INTEGER, o BIGINT, user_id VARCHAR, product_id VARCHAR, purchase_ms BIGINT,
    purchase_q INTEGER, purchase_o BIGINT, purchase_order VARCHAR, revision BIGINT
);
-- `source` is the header's text; place_kind, q and place_o are set where it names an input record.
CREATE TABLE dead_letter (
    p INTEGER, o BIGINT, code VARCHAR, source VARCHAR, source_kind kind, q INTEGER, source_o BIGINT
);

-- Every record of the tables' changelogs; without a value the row is deleted. Of the join's clicks
-- the value is only whether they were late: their keys say everything else.
CREATE TABLE change (stage VARCHAR, p INTEGER, o BIGINT, key BLOB, value BLOB);

-- The rows of the tables: the last change of each key, decoded by changelogs.py.
CREATE TABLE count_row (p INTEGER, start_ms BIGINT, user_id VARCHAR, clicks BIGINT);
CREATE TABLE revision_row (p INTEGER, start_ms BIGINT, user_id VARCHAR, revisions BIGINT);
CREATE TABLE window_row (p INTEGER, start_ms BIGINT, clicks BIGINT, users BIGINT, late BIGINT);
CREATE TABLE product_row (p INTEGER, start_ms BIGINT, product_id VARCHAR, clicks BIGINT);
CREATE TABLE page_row (p INTEGER, start_ms BIGINT, page VARCHAR, clicks BIGINT);
CREATE TABLE click_row (
    p INTEGER, bucket_ms BIGINT, user_id VARCHAR, product_id VARCHAR, event_ms BIGINT,
    q INTEGER, source_o BIGINT, late BOOLEAN
);
CREATE TABLE purchase_row (
    p INTEGER, event_ms BIGINT, q INTEGER, source_o BIGINT,
    user_id VARCHAR, product_id VARCHAR, matched BOOLEAN, late BOOLEAN, resolved BOOLEAN
);
-- Of outcomes the key alone is decoded: `value` is a conversion's or unattributed purchase's JSON.
CREATE TABLE outcome_row (
    p INTEGER, hour_ms BIGINT, user_id VARCHAR, purchase_ms BIGINT, what VARCHAR, name VARCHAR,
    value VARCHAR
);

-- What a stage had committed at a moment: 1 is before the outputs were read, 2 after it.
-- s_ms is its stream time as it says itself, again_ms the same computed again; closed_* the place
-- up to which it says that windows are final.
CREATE TABLE stage_state (
    stage VARCHAR, moment INTEGER, p INTEGER, clicks_to BIGINT, purchases_to BIGINT,
    s_ms BIGINT, again_ms BIGINT, closed_start_ms BIGINT, closed_user VARCHAR
);

-- Up to where the intake had read each input partition, and the log's first offset.
CREATE TABLE intake (kind kind, q INTEGER, read_to BIGINT, log_start BIGINT);

-- Stream time of a stage at a record, where it was ahead of the record's own: only what comes back
-- from idleness can be behind.
CREATE TABLE pushed (stage VARCHAR, kind kind, p INTEGER, o BIGINT, s_ms BIGINT);

-- Records that came back from idleness.
CREATE TABLE returned (stage VARCHAR, kind kind, p INTEGER, o BIGINT);

-- Logs that retention has shortened: in each partition, from which event time on windows and
-- purchases are whole, which window is the first whose count may still be there, and which logs
-- are whole.
CREATE TABLE complete_from (
    p INTEGER, clicks_ms BIGINT, purchases_ms BIGINT, counts_ms BIGINT, clicks_whole BOOLEAN,
    late_whole BOOLEAN, conversions_whole BOOLEAN, unattributed_whole BOOLEAN
);
-- The same for the inner topics: from which source offset on the inner logs are whole.
CREATE TABLE passed_from (kind kind, q INTEGER, source_from BIGINT);

-- An instant in the forms that need no second look: ours, or without Z, or without milliseconds.
CREATE MACRO plain_ms(t) AS CASE
    WHEN regexp_full_match(t, '\d{4}-\d\d-\d\dT([01]\d|2[0-3]):\d\d:\d\d(\.\d{3})?Z?')
    THEN epoch_ms(TRY_CAST(t AS TIMESTAMP)) END;

-- The revision that a record tells, a number from 1 on; 0 without one, NULL for anything else.
CREATE MACRO revision_of(t) AS CASE WHEN t IS NULL THEN 0
    WHEN regexp_full_match(t, '[1-9]\d{0,17}') THEN t::BIGINT END;

-- The start of the window [start, start + size) that an event falls into.
CREATE MACRO window_of(event_ms) AS event_ms - event_ms % size_ms();
