-- A conversion's id is <click>/<purchase>: one that is not is read as a conversion of nothing.
INSERT INTO conversion_sent
WITH fields AS (
    SELECT *, CASE WHEN json_valid(value) THEN json_extract_string(value, ['userId', 'productId',
        'clickTimestamp', 'purchaseTimestamp', 'timeToPurchase', 'click', 'purchase', 'id',
        'order', 'revision']) END AS text
    FROM arrived
), places AS (
    SELECT *, CASE WHEN text[8] = text[6] || '/' || text[7]
            THEN place(text[6], clicks_topic()) END AS click,
        place(text[7], purchases_topic()) AS purchase
    FROM fields
)
SELECT p, o, CASE WHEN text[1] = key THEN key END, text[2], our_ms(text[3]), our_ms(text[4]),
    ms_of_seconds(text[5]), click[1], click[2], purchase[1], purchase[2], text[9],
    revision_of(text[10])
FROM places;
