INSERT INTO outcome
WITH fields AS (
    SELECT *, CASE WHEN json_valid(value) THEN json_extract_string(
        value, ['userId', 'purchaseTimestamp']) END AS text
    FROM arrived
)
SELECT getvariable('kind'), p, o, at_ms, CASE WHEN text[1] = key THEN key END, our_ms(text[2]),
    value
FROM fields;
