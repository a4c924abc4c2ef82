"""Questions that the topics alone don't answer."""

QUERIES = {
    "conversion-rate": """
        -- Of a product's purchases, how many followed a click, and how soon.
        WITH purchases AS (
            SELECT product_id, purchase, min(time_to_purchase) AS seconds
            FROM conversions GROUP BY ALL
            UNION ALL
            -- A late click may have been found for it since.
            SELECT product_id, purchase, NULL
            FROM unattributed ANTI JOIN conversions USING (purchase)
        )
        SELECT product_id, count(*) AS purchases, count(seconds) AS after_a_click,
            round(count(seconds) / count(*), 3) AS rate, round(median(seconds)) AS median_seconds
        FROM purchases GROUP BY product_id ORDER BY purchases DESC, product_id LIMIT 10
    """,
    "top-users": """
        -- Who clicked most in the hour that ends with the newest window.
        SELECT user_id, sum(click_count)::BIGINT AS clicks
        FROM counts
        WHERE window_start >= (SELECT max(window_end) FROM counts) - INTERVAL 1 HOUR
        GROUP BY user_id ORDER BY clicks DESC, user_id LIMIT 10
    """,
}
