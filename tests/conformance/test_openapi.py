"""The OpenAPI document is one, by an outside validator."""
import json
import os
import unittest

from openapi_spec_validator import validate

from server import Server


class Document(unittest.TestCase):
    def test_it_is_valid_openapi_3_1(self):
        with Server(os.environ["TESTED_BINARY"]) as server:
            validate(json.loads(server.request("GET", "/v1/openapi.json")[2]))


if __name__ == "__main__":
    unittest.main()
