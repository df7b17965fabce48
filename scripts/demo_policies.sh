#!/usr/bin/env bash
# Two people ask the same of a table with personal data and get what each may see. Takes the binary, the server's address
# and its administrator's token. Run by demo.sh.
set -euo pipefail
binary=$1 address=$2 admin=$3

sql() { NEUROLAKE_TOKEN=$1 "$binary" --server "$address" sql -c "$2"; }
refused() {  # who, token, what is asked; fails when it is answered
  printf '\n%s> %s;\n' "$1" "$3"
  if sql "$2" "$3"; then
    echo "error: this was not refused" >&2
    exit 1
  fi
}
show() {  # who, token, statement
  printf '\n%s> %s;\n' "$1" "$3"
  sql "$2" "$3"
}
# The last line that the command prints is a token, shown this once.
token_of() { NEUROLAKE_TOKEN=$admin "$binary" --server "$address" token create "$1" --role member | grep -oE 'nl_[A-Za-z0-9_-]{43}'; }

printf '\n── Personal data: who sees what ──\n'
for statement in \
  "CREATE SCHEMA crm" \
  "CREATE TABLE crm.customers (id BIGINT, name STRING, email STRING, region STRING, spent DECIMAL(10,2), joined_on DATE, churned_on DATE)" \
  "INSERT INTO crm.customers VALUES (1, 'Ann Smith', 'ann@example.org', 'EU', 120.50, '2012-03-01', NULL), (2, 'Bob Jones', 'bob@example.org', 'US', 80.00, '2012-07-15', '2013-11-20'), (3, 'Cem Kaya', 'cem@example.org', 'EU', 310.25, '2013-01-10', '2013-11-04'), (4, 'Dee Park', 'dee@example.org', 'US', 45.10, '2013-05-02', NULL), (5, 'Eva Lind', 'eva@example.org', 'EU', 99.00, '2012-11-30', '2013-09-17')" \
  "CREATE GROUP support_eu" "CREATE GROUP analysts"; do
  show admin "$admin" "$statement" >/dev/null
done
ines=$(token_of ines) otto=$(token_of otto)
show admin "$admin" "ALTER GROUP support_eu ADD USER ines" >/dev/null
show admin "$admin" "ALTER GROUP analysts ADD USER otto" >/dev/null
for statement in \
  "GRANT SELECT ON TABLE crm.customers TO support_eu, analysts" \
  "CREATE ROW POLICY europe ON crm.customers TO support_eu USING (region = 'EU')" \
  "CREATE ROW POLICY everywhere ON crm.customers TO analysts USING (true)" \
  "CREATE MASK POLICY names ON crm.customers (name) EXCEPT support_eu USING HASH" \
  "CREATE MASK POLICY mail ON crm.customers (email) EXCEPT support_eu USING REDACT" \
  "SHOW EFFECTIVE POLICY FOR otto ON crm.customers"; do
  show admin "$admin" "$statement"
done
show "ines, who helps customers in Europe" "$ines" "SELECT name, email, region, spent FROM crm.customers ORDER BY id"
show "otto, an analyst" "$otto" "SELECT name, email, region, spent FROM crm.customers ORDER BY id"
show "otto, an analyst" "$otto" "SELECT region, sum(spent) AS spent FROM crm.customers WHERE email <> 'ann@example.org' GROUP BY region ORDER BY region"
# The administrator made the policies and is named by none: nobody is exempt.
show admin "$admin" "SELECT count(*) AS rows_seen FROM crm.customers"
refused "otto, an analyst" "$otto" "DELETE FROM crm.customers"

printf '\n── What for: a purpose is declared, granted and allowed, or nothing is read ──\n'
for statement in \
  "CREATE PURPOSE support COMMENT 'Answering customers'" \
  "CREATE PURPOSE marketing COMMENT 'Campaigns'" \
  "GRANT USE PURPOSE support TO support_eu" \
  "GRANT USE PURPOSE marketing TO support_eu, analysts" \
  "ALTER TABLE crm.customers SET ALLOWED PURPOSES ('support')"; do
  show admin "$admin" "$statement"
done
show "ines, who helps customers in Europe" "$ines" "SET purpose = 'support'; SELECT name, email, region FROM crm.customers ORDER BY id"
refused "ines, who helps customers in Europe" "$ines" "SELECT name, email, region FROM crm.customers ORDER BY id"
refused "ines, who helps customers in Europe" "$ines" "SET purpose = 'marketing'; SELECT email FROM crm.customers"
refused "otto, an analyst" "$otto" "SET purpose = 'support'; SELECT region, sum(spent) FROM crm.customers GROUP BY region"
printf '\notto, an analyst> curl -H "NeuroLake-Purpose: marketing" … SELECT email FROM crm.customers\n'
answer=$(curl -s --noproxy '*' "$address/v1/sql" -H "Authorization: Bearer $otto" -H 'Content-Type: text/plain' \
  -H 'NeuroLake-Purpose: marketing' -d 'SELECT email FROM crm.customers')
printf '%s\n' "$answer"
grep -q '"sqlstate":"42501"' <<<"$answer" || { echo "error: this was not refused" >&2; exit 1; }
show admin "$admin" "SELECT principal, purpose, error_code, text FROM system.queries WHERE purpose IS NOT NULL ORDER BY started_at"
