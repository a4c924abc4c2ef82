SELECT g.grace_ms, w.within_ms,
    count(x.took_ms) AS pairs,
    count(DISTINCT x.p::BIGINT << 48 | x.o) FILTER (x.took_ms IS NOT NULL) AS converted,
    (SELECT count(*) FROM bought b
        WHERE b.kind = 'purchases' AND b.lacked_ms <= g.grace_ms + revise_ms()) AS purchases
FROM grace g
CROSS JOIN within w
LEFT JOIN pair x ON x.took_ms < w.within_ms AND x.lacked_ms <= g.grace_ms + revise_ms()
GROUP BY g.grace_ms, w.within_ms
ORDER BY g.grace_ms, w.within_ms;
