-- A web product: users, their visits from October 2024 until 1 April 2025, what they did in them, and what they pay.
-- Every seventh visit is of nobody known.
CREATE TABLE users AS
SELECT i AS user_id, ['Germany', 'France', 'United States', 'Brazil', 'Japan', 'Netherlands'][1 + (i * i // 5 + i) % 6] AS country,
       ['free', 'free', 'free', 'pro', 'team', 'enterprise'][1 + (i * 5) % 6] AS plan,
       TIMESTAMP '2023-01-02 08:00:00' + to_minutes(CAST((i * 7919) % 1180000 AS BIGINT)) AS signed_up_at,
       CASE WHEN i % 4 > 0 THEN ['search', 'friend', 'advert', 'blog'][1 + (i * 3) % 4] END AS referrer,
       'user' || i || '@example.com' AS email
FROM range(1, 1501) r(i);

CREATE TABLE sessions AS
SELECT i AS session_id, CASE WHEN i % 7 > 0 THEN 1 + ((i * i + i * 7907) // 5) % 1200 END AS user_id,
       TIMESTAMP '2024-10-01 00:00:00' + to_seconds(CAST(i * 1314 + (i % 17) * 91 AS BIGINT)) AS started_at,
       ['mobile', 'mobile', 'desktop', 'desktop', 'tablet'][1 + (i * 3) % 5] AS device,
       ['Chrome', 'Safari', 'Firefox', 'Edge'][1 + (i * 11) % 4] AS browser,
       ['organic', 'paid', 'email', 'social', 'direct'][1 + (i // 3) % 5] AS source,
       CASE WHEN i % 25 > 0 THEN 5 + (i * 37) % 1800 END AS duration_seconds, 1 + (i * 13) % 12 AS page_views, (i * 13) % 12 = 0 AS bounced
FROM range(1, 12001) r(i);

CREATE TABLE events AS
SELECT i AS event_id, 1 + (i * 7919) % 12000 AS session_id,
       TIMESTAMP '2024-10-01 00:00:00' + to_seconds(CAST((1 + (i * 7919) % 12000) * 1314 + i % 600 AS BIGINT)) AS occurred_at,
       ['page view', 'page view', 'page view', 'click', 'click', 'add to cart', 'checkout', 'error'][1 + (i * 3 + i // 8) % 8] AS kind,
       ['/home', '/pricing', '/docs', '/blog', '/login', '/cart'][1 + (i * 5 + i // 48) % 6] AS page
FROM range(1, 40001) r(i);

CREATE TABLE subscriptions AS
SELECT i AS subscription_id, 1 + (i * 17) % 1500 AS user_id, ['pro', 'pro', 'team', 'enterprise'][1 + (i * 7) % 4] AS plan,
       DATE '2023-03-01' + CAST((i * 6131) % 740 AS INTEGER) AS started_on,
       CASE WHEN i % 3 = 0 AND (i * 6131) % 740 + 20 + (i * 41) % 300 < 762
            THEN DATE '2023-03-01' + CAST((i * 6131) % 740 + 20 + (i * 41) % 300 AS INTEGER) END AS cancelled_on,
       CAST([19, 19, 49, 199][1 + (i * 7) % 4] AS DECIMAL(8, 2)) AS monthly_price_usd
FROM range(1, 601) r(i);
