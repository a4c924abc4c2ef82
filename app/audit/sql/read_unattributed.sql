INSERT INTO unattributed_sent
WITH fields AS (
    SELECT *, CASE WHEN json_valid(value) THEN json_extract_string(value,
        ['userId', 'productId', 'purchaseTimestamp', 'purchase', 'order', 'revision'])
        END AS text
    FROM arrived
), places AS (
    SELECT *, place(text[4], purchases_topic()) AS purchase FROM fields
)
SELECT p, o, CASE WHEN text[1] = key THEN key END, text[2], our_ms(text[3]),
    purchase[1], purchase[2], text[5], revision_of(text[6])
FROM places;
