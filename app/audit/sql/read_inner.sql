-- A record of an inner topic is this application's own when its key is its userId and its instants
-- read as we write them.
CREATE OR REPLACE TEMP TABLE inner_read AS
WITH fields AS (
    SELECT *, CASE WHEN json_valid(value) THEN json_extract_string(value, ['userId', 'productId',
        'timestamp', 'streamTime', 'sourceRecord', 'bot', 'page']) END AS text,
        CASE WHEN json_valid(value) THEN json_type(value, 'page') END AS page_type
    FROM arrived
)
SELECT p, o, at_ms, text[1] AS user_id, text[2] AS product_id,
    our_ms(text[3]) AS event_ms, our_ms(text[4]) AS stream_ms, text[6] = 'true' AS bot,
    place(text[5], clicks_topic()) AS click, place(text[5], purchases_topic()) AS purchase,
    coalesce(user_id = key AND event_ms >= 0 AND stream_ms IS NOT NULL AND contains(text[5], '-'),
        false) AS ours,
    CASE WHEN getvariable('kind') = 'purchases' THEN value END AS value,
    CASE WHEN getvariable('kind') = 'clicks' AND rank_pages() AND page_type = 'VARCHAR'
        THEN nullif(page_name(text[7]), '') END AS page
FROM fields;

INSERT INTO passed
SELECT getvariable('kind'), p, o, at_ms, user_id, product_id, event_ms, stream_ms,
    coalesce(bot, false),
    CASE WHEN click IS NOT NULL THEN 'clicks' WHEN purchase IS NOT NULL THEN 'purchases' END,
    coalesce(click, purchase)[1], coalesce(click, purchase)[2], value, page
FROM inner_read WHERE ours;

INSERT INTO foreign_record SELECT getvariable('kind'), p, o FROM inner_read WHERE NOT ours;

-- Watermark and idle records name q as <topic>-<partition>.
INSERT INTO mark
WITH places AS (
    SELECT *, place(place || '-0', clicks_topic()) AS click,
        place(place || '-0', purchases_topic()) AS purchase
    FROM arrived_mark
)
SELECT getvariable('kind'), p, o, at_ms,
    CASE WHEN click IS NOT NULL THEN 'clicks' WHEN purchase IS NOT NULL THEN 'purchases' END,
    coalesce(click, purchase)[1], TRY_CAST(stream AS BIGINT), TRY_CAST(idle AS BIGINT)
FROM places;
