-- Late events and inner records as a comparison of two versions needs them. `p` and
-- `inner_o` are its own place; what the stream time alone changes in an inner record is left out of `digest`.
CREATE TABLE late_told (
    stage VARCHAR, kind kind, q INTEGER, o BIGINT, user_id VARCHAR, event_ms BIGINT,
    stream_ms BIGINT, late_by_ms BIGINT, start_ms BIGINT, end_ms BIGINT
);
CREATE TABLE inner_told (
    kind kind, q INTEGER, o BIGINT, p INTEGER, inner_o BIGINT, stream_ms BIGINT, digest UBIGINT
);
