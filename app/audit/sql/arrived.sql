-- Where rows arrive from Kafka before SQL reads them.
CREATE TEMP TABLE arrived (p INTEGER, o BIGINT, at_ms BIGINT, key VARCHAR, value VARCHAR, raw BLOB);
CREATE TEMP TABLE arrived_mark (
    p INTEGER, o BIGINT, at_ms BIGINT, place VARCHAR, stream VARCHAR, idle VARCHAR
);
