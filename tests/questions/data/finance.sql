-- A small bank: 8 branches, 400 accounts, two years of bookings until 14 January 2025. Numbers come from arithmetic alone, so
-- every engine makes the same rows. Twenty bookings name an account that does not exist.
CREATE TABLE branches AS
SELECT * FROM (VALUES
  (1, 'Berlin', 'Germany', DATE '1998-04-01'), (2, 'München', 'Germany', DATE '2003-09-15'), (3, 'Hamburg', 'Germany', DATE '2011-01-10'),
  (4, 'Paris', 'France', DATE '2001-06-01'), (5, 'Lyon', 'France', DATE '2014-03-20'), (6, 'Zürich', 'Switzerland', DATE '1995-02-01'),
  (7, 'Wien', 'Austria', DATE '2008-11-05'), (8, 'Amsterdam', 'Netherlands', DATE '2019-05-27')) b(branch_id, city, country, opened_on);

CREATE TABLE accounts AS
SELECT i AS account_id, 1 + (i * 31) % 8 AS branch_id, 'Holder ' || ((i * 17) % 320) AS holder,
       ['retail', 'retail', 'retail', 'private', 'business', 'corporate'][1 + (i * 7) % 6] AS segment,
       ['checking', 'savings', 'brokerage', 'credit card'][1 + (i * 11) % 4] AS product,
       DATE '2018-01-01' + CAST((i * 7919) % 2540 AS INTEGER) AS opened_on,
       CASE WHEN i % 9 = 0 THEN DATE '2023-06-01' + CAST((i * 104729) % 560 AS INTEGER) END AS closed_on
FROM range(1, 401) r(i);

CREATE TABLE transactions AS
SELECT i AS transaction_id, CASE WHEN i % 1200 = 7 THEN 9999 ELSE 1 + ((i * i * 7 + i * 7907) // 3) % 400 END AS account_id,
       TIMESTAMP '2023-01-01 00:00:00' + to_seconds(CAST((i * 2693 + (i % 13) * 57) AS BIGINT)) AS booked_at,
       ['card payment', 'card payment', 'card payment', 'transfer', 'direct debit', 'cash withdrawal', 'salary', 'fee'][1 + (i * 5) % 8] AS kind,
       CASE WHEN i % 10 < 6 THEN ['app', 'web', 'branch', 'atm'][1 + (i * 3) % 4] WHEN i % 10 < 9 THEN 'app' END AS channel,
       CASE WHEN (i * 5) % 8 < 3 THEN ['groceries', 'travel', 'restaurants', 'fuel', 'electronics'][1 + (i * 13) % 5] END AS merchant_category,
       CASE WHEN 1 + ((1 + ((i * i * 7 + i * 7907) // 3) % 400) * 31) % 8 = 6 THEN 'CHF' ELSE 'EUR' END AS currency,
       CAST(CASE WHEN (i * 5) % 8 = 6 THEN 2000 + (i * 37) % 3000 WHEN (i * 5) % 8 = 7 THEN -(1 + (i * 3) % 15)
            ELSE -(5 + (i * 7877) % 49500 / 100.0) END AS DECIMAL(12, 2)) AS amount
FROM range(1, 23900) r(i);

-- The balance of each account at the end of each month: it adds up over accounts, never over months.
CREATE TABLE balances AS
SELECT 1 + i % 400 AS account_id, last_day(DATE '2023-01-01' + to_months(CAST(i // 400 AS INTEGER))) AS balance_on,
       CAST(500 + (i * 7919) % 20000 + (i // 400) * 25 AS DECIMAL(12, 2)) AS balance
FROM range(0, 9600) r(i);

CREATE TABLE loans AS
SELECT i AS loan_id, 1 + (i * 53) % 400 AS account_id, CAST(5000 + (i * 1237) % 245000 AS DECIMAL(12, 2)) AS principal,
       CAST(1.5 + (i * 29) % 60 / 10.0 AS DOUBLE) AS interest_rate, DATE '2021-01-15' + CAST((i * 6131) % 1440 AS INTEGER) AS granted_on,
       ['active', 'active', 'active', 'repaid', 'defaulted'][1 + (i * 3) % 5] AS status
FROM range(1, 181) r(i);
