INSERT INTO late_told
WITH fields AS (
    SELECT *, CASE WHEN json_valid(value) THEN json_extract_string(value, ['$.stage', '$.lateBy',
        '$.windowStart', '$.windowEnd', '$.record.userId', '$.record.timestamp',
        '$.record.sourceRecord', '$.record.streamTime']) END AS text
    FROM arrived
), places AS (
    SELECT *, place(text[7], clicks_topic()) AS click, place(text[7], purchases_topic()) AS purchase
    FROM fields
)
SELECT text[1], CASE WHEN click IS NOT NULL THEN 'clicks' WHEN purchase IS NOT NULL THEN 'purchases' END,
    coalesce(click, purchase)[1], coalesce(click, purchase)[2], text[5], our_ms(text[6]),
    our_ms(text[8]), ms_of_seconds(text[2]), our_ms(text[3]), our_ms(text[4])
FROM places;
