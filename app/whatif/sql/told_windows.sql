SELECT g.grace_ms, c.clicks, c.late,
    d.delay_50, d.delay_99, d.waited_50, d.waited_99, d.closed,
    coalesce(o.peak, 0)::BIGINT AS peak
FROM grace g
JOIN (
    SELECT grace_ms, coalesce(sum(n), 0)::BIGINT AS clicks,
        coalesce(sum(n) FILTER (least_ms IS NULL OR least_ms > grace_ms), 0)::BIGINT AS late
    FROM grace LEFT JOIN (SELECT least_ms, count(*) AS n FROM click GROUP BY ALL) ON true
    GROUP BY ALL
) c USING (grace_ms)
LEFT JOIN (
    SELECT grace_ms, count(*) AS closed,
        quantile_disc(s_ms - start_ms - size_ms(), 0.5) AS delay_50,
        quantile_disc(s_ms - start_ms - size_ms(), 0.99) AS delay_99,
        quantile_disc(at_ms - passed_ms, 0.5) FILTER (passed_ms <= at_ms) AS waited_50,
        quantile_disc(at_ms - passed_ms, 0.99) FILTER (passed_ms <= at_ms) AS waited_99
    FROM closed WHERE at_ms IS NOT NULL
    GROUP BY ALL
) d USING (grace_ms)
LEFT JOIN (SELECT grace_ms, max(n) AS peak FROM open_rows GROUP BY ALL) o USING (grace_ms)
ORDER BY g.grace_ms;
