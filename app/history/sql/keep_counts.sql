INSERT INTO count_sent
WITH fields AS (
    SELECT *, CASE WHEN json_valid(value) THEN json_extract_string(
        value, ['userId', 'windowStart', 'windowEnd', 'clickCount']) END AS text
    FROM arrived
)
SELECT p, o, at_ms, CASE WHEN text[1] = key THEN key END, our_ms(text[2]), our_ms(text[3]),
    TRY_CAST(text[4] AS BIGINT)
FROM fields;
