package neurolake.authz_test

import data.neurolake.authz

_customers := {
	"name": "customers", "tags": ["personal"],
	"columns": [{"name": "email", "type": "VARCHAR", "tags": ["pii.email"]}],
}

_request(role, groups, purpose) := {
	"principal": {"role": role, "groups": groups, "attributes": {}},
	"purpose": purpose, "door": "http", "action": "select", "object": _customers,
}

test_billing_may_read if authz.allow with input as _request("reader", ["eu_analysts"], "billing")

test_no_purpose_may_not if not authz.allow with input as _request("reader", ["eu_analysts"], null)

test_groups_see_their_countries if {
	filters := authz.row_filters with input as _request("reader", ["eu_analysts"], "billing")
	filters == {"country IN ('DE', 'FR')"}
}

test_others_see_no_rows if {
	filters := authz.row_filters with input as _request("reader", [], "billing")
	filters == {"false"}
}

test_support_sees_addresses if {
	not authz.masks.email with input as _request("reader", ["eu_analysts"], "support")
}

test_billing_does_not if {
	authz.masks.email == "'(hidden)'" with input as _request("reader", ["eu_analysts"], "billing")
}

test_agents_are_denied if {
	request := object.union(_request("admin", [], "billing"), {"door": "mcp"})
	count(authz.deny_reasons) == 1 with input as request
}
