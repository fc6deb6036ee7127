# The callback 'skippy', which Ansible had until 2.10: what the default one says, but for tasks that
# are skipped. Playbooks that name it (stdout_callback = skippy) find it here.
from ansible.plugins.callback.default import CallbackModule as Default

DOCUMENTATION = """
    name: skippy
    type: stdout
    short_description: says nothing of what is skipped
    extends_documentation_fragment:
      - default_callback
      - result_format_callback
    description:
      - The default callback without its lines for skipped tasks.
"""


class CallbackModule(Default):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "skippy"

    def v2_runner_on_skipped(self, result):
        pass

    def v2_runner_item_on_skipped(self, result):
        pass
