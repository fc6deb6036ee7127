# The filter 'json_query', which Ansible had until 2.9 and asks jmespath (python3-jmespath).
from ansible.errors import AnsibleFilterError


def json_query(data, expression):
    try:
        import jmespath
    except ImportError:
        raise AnsibleFilterError("json_query needs jmespath (Debian's python3-jmespath)")
    return jmespath.search(expression, data)


class FilterModule:
    def filters(self):
        return {"json_query": json_query}
