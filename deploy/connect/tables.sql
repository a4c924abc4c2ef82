-- The tables of the sink connectors; the keys make a record that comes twice one row.
CREATE TABLE click_counts (
    user_id text NOT NULL,
    window_start timestamptz NOT NULL,
    window_end timestamptz NOT NULL,
    click_count bigint NOT NULL,
    PRIMARY KEY (user_id, window_start)
);

CREATE TABLE conversions (
    id text NOT NULL,
    user_id text NOT NULL,
    product_id text NOT NULL,
    click_timestamp timestamptz NOT NULL,
    purchase_timestamp timestamptz NOT NULL,
    time_to_purchase double precision NOT NULL,
    click text NOT NULL,
    purchase text NOT NULL,
    PRIMARY KEY (id)
);
