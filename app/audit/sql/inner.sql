-- What is read of the inner topics, slim columns only: for verify, and for the history.
--
-- Everywhere: `kind` says whether a record is a click's or a purchase's; q and source_o are the
-- partition and offset of the *input* record it stems from, p and o its own; times are epoch ms.
-- A column is NULL where a record could not be read.

CREATE TYPE kind AS ENUM ('clicks', 'purchases');

-- enriched-clicks and purchases-by-user. `value` is kept of purchases only, for their order; `page`
-- of clicks, as it is ranked, if pages are.
CREATE TABLE passed (
    kind kind, p INTEGER, o BIGINT, appended_ms BIGINT,
    user_id VARCHAR, product_id VARCHAR, event_ms BIGINT, stream_ms BIGINT, bot BOOLEAN,
    source_kind kind, q INTEGER, source_o BIGINT, value VARCHAR, page VARCHAR
);

-- Records of the inner topics that this application did not write.
CREATE TABLE foreign_record (kind kind, p INTEGER, o BIGINT);

-- Watermark records (idle_ms is NULL) and idle records of the inner topics.
CREATE TABLE mark (
    kind kind, p INTEGER, o BIGINT, appended_ms BIGINT,
    source_kind kind, q INTEGER, stream_ms BIGINT, idle_ms BIGINT
);

-- An instant exactly as this application writes it, 2000-01-01T00:00:00.000Z; else NULL.
CREATE MACRO our_ms(t) AS CASE
    WHEN regexp_full_match(t, '\d{4}-\d\d-\d\dT([01]\d|2[0-3]):\d\d:\d\d\.\d{3}Z')
    THEN epoch_ms(TRY_CAST(t AS TIMESTAMP)) END;

-- The place <topic>-<partition>-<offset> of a record of this topic: [partition, offset]; else NULL.
CREATE MACRO place(t, topic) AS CASE
    WHEN starts_with(t, topic || '-')
        AND regexp_full_match(t[strlen(topic) + 2:], '(0|[1-9]\d{0,8})-(0|[1-9]\d{0,17})')
    THEN [split_part(t, '-', -2)::BIGINT, split_part(t, '-', -1)::BIGINT] END;

-- Seconds as a number, in whole milliseconds; NULL where that is no number, or beyond all bounds.
CREATE MACRO ms_of_seconds(t) AS TRY_CAST(round(TRY_CAST(t AS DOUBLE) * 1000) AS BIGINT);

-- A page as it is ranked: up to the first ? or #, and as many characters as fit into 512 bytes.
CREATE MACRO cut_page(t) AS CASE WHEN strlen(t) <= 512 THEN t
    ELSE list_max([left(t, n) FOR n IN range(128, 513) IF strlen(left(t, n)) <= 512]) END;
CREATE MACRO page_name(t) AS cut_page(regexp_extract(t, '^[^?#]*'));
