package lib.sql

# A value as a SQL literal.
literal(text) := sprintf("'%s'", [replace(text, "'", "''")])

list(values) := concat(", ", [literal(value) | some value in values])
