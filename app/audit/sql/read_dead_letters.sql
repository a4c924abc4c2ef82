-- Arrived with the header `code` as key and the header `source` as value.
INSERT INTO dead_letter
WITH places AS (
    SELECT *, place(value, clicks_topic()) AS click, place(value, purchases_topic()) AS purchase
    FROM arrived
)
SELECT p, o, key, value,
    CASE WHEN click IS NOT NULL THEN 'clicks' WHEN purchase IS NOT NULL THEN 'purchases' END,
    coalesce(click, purchase)[1], coalesce(click, purchase)[2]
FROM places;
