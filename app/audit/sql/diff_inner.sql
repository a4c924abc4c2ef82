-- Watermark and idle records have no value.
INSERT INTO inner_told
WITH fields AS (
    SELECT *, json_extract_string(value, ['sourceRecord', 'streamTime']) AS text
    FROM arrived WHERE value IS NOT NULL AND json_valid(value)
), places AS (
    SELECT *, CASE WHEN getvariable('kind') = 'clicks' THEN place(text[1], clicks_topic())
        ELSE place(text[1], purchases_topic()) END AS source
    FROM fields
)
SELECT getvariable('kind'), source[1], source[2], p, o, our_ms(text[2]),
    hash(key, replace(value, '"streamTime":"' || text[2] || '"', ''))
FROM places WHERE source IS NOT NULL;
