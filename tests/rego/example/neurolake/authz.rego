package neurolake.authz

import data.lib.sql

default allow := false

# Whoever manages the lake, and everybody else for a purpose that the table may be used for.
allow if input.principal.role == "admin"

allow if {
	input.action == "select"
	_purpose_fits
}

allow if {
	input.action == "modify"
	"loaders" in input.principal.groups
}

_purpose_fits if not "personal" in input.object.tags

_purpose_fits if {
	"personal" in input.object.tags
	input.purpose in {"billing", "support"}
}

deny_reasons contains "personal data leaves by no agent" if {
	"personal" in input.object.tags
	input.door == "mcp"
}

# A group sees the countries that regions/data.json gives it; who is in no such group sees none.
row_filters contains sprintf("country IN (%s)", [sql.list(_countries)]) if {
	_filtered
	count(_countries) > 0
}

row_filters contains "false" if {
	_filtered
	count(_countries) == 0
}

_filtered if {
	input.object.name == "customers"
	input.principal.role != "admin"
}

_countries := {country | some group in input.principal.groups; some country in data.regions[group]}

masks[column.name] := mask if {
	some column in input.object.columns
	some tag in column.tags
	mask := _masks[tag]
	input.purpose != "support"
}

_masks := {"pii.email": "'(hidden)'", "pii.birth": "NULL"}
