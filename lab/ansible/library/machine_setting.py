#!/usr/bin/python3
# WANT_JSON
# Settings of a machine that Ansible's own collection has no module for any more, and that hosts of
# the lab do not have: nothing is done.
import json

print(json.dumps({"changed": False, "msg": "hosts of the lab do not have this setting: nothing was done"}))
