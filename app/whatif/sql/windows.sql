-- What windows of one size would have done, with each grace of the table `grace`.

-- How much grace each click lacks, and the least of those tried that is more: with it and all longer
-- ones it counts, with the others it is late.
CREATE OR REPLACE TEMP TABLE click AS
WITH lacking AS (
    SELECT c.p, c.user_id, c.appended_ms AS at_ms,
        c.event_ms - c.event_ms % size_ms() AS start_ms,
        greatest(c.stream_ms, x.s_ms) - start_ms - size_ms() AS lacked_ms
    FROM passed c
    LEFT JOIN pushed x ON x.stage = 'counting' AND x.p = c.p AND x.o = c.o
    WHERE c.kind = 'clicks' AND (count_bots() OR NOT c.bot)
)
SELECT l.*, least_grace(lacked_ms) AS least_ms
FROM lacking l;

-- A row is open from its first click that counts.
CREATE OR REPLACE TEMP TABLE opened AS
WITH first_click AS (
    SELECT p, start_ms, user_id, least_ms, min(at_ms) AS at_ms
    FROM click WHERE least_ms IS NOT NULL
    GROUP BY ALL
)
SELECT grace_ms, p, start_ms, user_id, min(at_ms) AS at_ms
FROM first_click JOIN grace ON least_ms <= grace_ms
GROUP BY ALL;

-- When the first record was appended that lies in or behind a window, in each partition.
CREATE OR REPLACE TEMP TABLE passed_by AS
SELECT p, start_ms, min(at_ms) OVER (PARTITION BY p ORDER BY start_ms DESC) AS at_ms
FROM (
    SELECT p, stream_ms - stream_ms % size_ms() AS start_ms, min(appended_ms) AS at_ms
    FROM told WHERE kind = 'clicks' AND stream_ms IS NOT NULL
    GROUP BY ALL
);

-- Windows in each partition, with when they close: as soon as end + grace <= S; NULL where that did
-- not happen yet. passed_ms: when the first record behind their end was appended; that is later, or
-- never, where idleness closed them.
CREATE OR REPLACE TEMP TABLE closed AS
SELECT w.grace_ms, w.p, w.start_ms, w.users, t.at_ms, t.s_ms, b.at_ms AS passed_ms
FROM (SELECT grace_ms, p, start_ms, count(*) AS users FROM opened GROUP BY ALL) w
ASOF LEFT JOIN stage_time t ON t.p = w.p AND t.s_ms >= w.start_ms + size_ms() + w.grace_ms
ASOF LEFT JOIN passed_by b ON b.p = w.p AND b.start_ms >= w.start_ms + size_ms();

CREATE OR REPLACE TEMP TABLE open_rows AS
SELECT grace_ms, sum(change) OVER (PARTITION BY grace_ms ORDER BY at_ms, change DESC) AS n
FROM (
    SELECT grace_ms, at_ms, count(*) AS change FROM opened GROUP BY ALL
    UNION ALL
    SELECT grace_ms, at_ms, -sum(users) FROM closed WHERE at_ms IS NOT NULL GROUP BY ALL
);
