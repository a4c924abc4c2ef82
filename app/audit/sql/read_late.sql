INSERT INTO late_sent
WITH fields AS (
    SELECT *, CASE WHEN json_valid(value) THEN json_extract_string(value, ['$.stage', '$.lateBy',
        '$.windowStart', '$.windowEnd', '$.record.userId', '$.record.timestamp',
        '$.record.sourceRecord']) END AS text
    FROM arrived
), places AS (
    SELECT *, place(text[7], clicks_topic()) AS click, place(text[7], purchases_topic()) AS purchase
    FROM fields
)
SELECT p, o, CASE WHEN text[5] = key THEN key END, text[1], ms_of_seconds(text[2]),
    our_ms(text[3]), our_ms(text[4]), our_ms(text[6]),
    CASE WHEN click IS NOT NULL THEN 'clicks' WHEN purchase IS NOT NULL THEN 'purchases' END,
    coalesce(click, purchase)[1], coalesce(click, purchase)[2]
FROM places;
