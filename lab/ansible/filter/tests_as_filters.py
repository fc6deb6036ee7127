# Tests as filters ("result|failed", "tidb_version|version_compare('v2.1', '>=')"), as Ansible had
# them until 2.8. Each says once that it comes from here.
from ansible.plugins.test import core, files, mathstuff
from ansible.utils.display import Display


def supplied(name, test):
    def use(*values, **options):
        Display().warning(f"'{name}' as a filter is supplied by the lab: since 2.9 Ansible has it as a test only")
        return test(*values, **options)

    return use


class FilterModule:
    def filters(self):
        tests = {}
        for module in (mathstuff, files, core):
            tests.update(module.TestModule().tests())
        return {name: supplied(name, test) for name, test in tests.items()}
