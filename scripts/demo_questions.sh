#!/usr/bin/env bash
# Questions in plain language: what is answered, asked back and refused. Takes the binary, the server's address and its
# administrator's token. Run by demo.sh.
set -euo pipefail
binary=$1 address=$2
export NEUROLAKE_TOKEN=$3
ines=$("$binary" --server "$address" token create ines --role member | grep -oE 'nl_[A-Za-z0-9_-]{43}')

ask() {  # model, question; a question that is not answered is no failure of the demo
  printf '\nask> %s\n' "$2"
  "$binary" --server "$address" ask --model "$1" --as-of 2013-12-15 "$2" || [ $? = 1 ]
}

printf '\n── In plain language, without a language model: answered with what it stands on, asked back, or refused ──\n'
ask flights "number of flights by origin last month"
ask flights "top 3 destinations by number of flights in July"
ask flights "average departure delay in July compared with June by origin"
ask flights "cancellation rate by month, only from Newark"
ask flights "which airlines had a cancellation rate above 5%?"
ask flights "why are flights from Newark late?"
printf '\nines> ask, for support: show me customers who churned last month, remove PII\n'
NEUROLAKE_TOKEN=$ines "$binary" --server "$address" ask --model customers --purpose support --as-of 2013-12-15 "show me customers who churned last month, remove PII"
printf '\nines> the same for no purpose\n'
NEUROLAKE_TOKEN=$ines "$binary" --server "$address" ask --model customers --as-of 2013-12-15 "show me customers who churned last month, remove PII" || [ $? = 1 ]
printf '\nask, a conversation> flights per month > only Kennedy > by quarter instead\n'
printf 'number of flights per month\nonly Kennedy\nby quarter instead\n' |
  "$binary" --server "$address" ask --model flights --as-of 2013-12-15 | grep -v '^assumed'
