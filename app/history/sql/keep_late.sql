INSERT INTO late_sent
WITH fields AS (
    SELECT *, CASE WHEN json_valid(value) THEN json_extract_string(
        value, ['$.stage', '$.record.sourceRecord']) END AS text
    FROM arrived
), places AS (
    SELECT *, place(text[2], clicks_topic()) AS click, place(text[2], purchases_topic()) AS purchase
    FROM fields
)
SELECT p, o, key, text[1],
    CASE WHEN click IS NOT NULL THEN 'clicks' WHEN purchase IS NOT NULL THEN 'purchases' END,
    coalesce(click, purchase)[1], coalesce(click, purchase)[2]
FROM places;
