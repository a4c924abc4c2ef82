-- An input record that needs no second look: a JSON object of at most 1 MiB, not deeply nested,
-- whose ids are text of 1 to 256 bytes or integers, page and userAgent text, and whose timestamp is
-- neither before 2000, nor from 9000 on, nor later than the record's own Kafka timestamp allows. All others are kept
-- as they are, for judge.py.
CREATE OR REPLACE MACRO plain_id(t, type) AS CASE
    WHEN type = 'VARCHAR' AND strlen(t) BETWEEN 1 AND 256 THEN t
    WHEN type IN ('UBIGINT', 'BIGINT') AND regexp_full_match(t, '0|-?[1-9]\d{0,17}') THEN t END;

INSERT INTO input
WITH sound AS (
    SELECT *, json_valid(value) AND strlen(value) <= 1048576
        AND strlen(value) - strlen(replace(replace(value, '[', ''), '{', '')) <= 128 AS sound
    FROM arrived
), fields AS (
    SELECT *,
        CASE WHEN sound THEN json_extract_string(value, ['userId', 'productId', 'timestamp'])
            END AS text,
        CASE WHEN sound THEN json_type(
            value, ['userId', 'productId', 'timestamp', 'page', 'userAgent']) END AS type
    FROM sound
), meanings AS (
    SELECT *,
        plain_id(text[1], type[1]) AS user_id,
        plain_id(text[2], type[2]) AS product_id,
        CASE WHEN type[3] = 'VARCHAR' THEN plain_ms(text[3])
            WHEN type[3] = 'UBIGINT' THEN TRY_CAST(text[3] AS BIGINT) END AS event_ms
    FROM fields
), judged AS (
    SELECT *, coalesce(
            user_id IS NOT NULL
            AND (product_id IS NOT NULL
                OR coalesce(type[2], 'NULL') = 'NULL' AND getvariable('kind') = 'clicks')
            AND event_ms BETWEEN 946684800000 AND 221845391999999
            AND (at_ms < 0 OR event_ms <= at_ms + future_skew_ms())
            AND (getvariable('kind') = 'purchases'
                OR coalesce(type[4], 'NULL') IN ('NULL', 'VARCHAR')
                AND coalesce(type[5], 'NULL') IN ('NULL', 'VARCHAR')),
            false) AS readable
    FROM meanings
)
SELECT getvariable('kind'), p, o, at_ms, user_id, product_id, event_ms, readable,
    CASE WHEN NOT readable THEN coalesce(raw, encode(value)) END
FROM judged;
