-- The rows of the tables are the last change of each key: those that have a value.
CREATE TABLE last_change AS
SELECT stage, p, key, max_by({'value': value}, o).value AS value
FROM change
GROUP BY ALL;
DROP TABLE change;

-- How many rows each table ever had in a partition.
CREATE TABLE ever AS
SELECT CASE WHEN stage = 'counting' THEN 'counts' WHEN key < 'd'::BLOB THEN 'clicks'
    WHEN key < 'p'::BLOB THEN 'outcomes'
    ELSE 'purchases' END AS what, p, count(*) AS n
FROM last_change
GROUP BY ALL;
