"""A lab and a shell in it, each at a terminal of its own: `terminal.py TIDEGATE SCENARIO`.

Exits with 0 when everything that is awaited has come; else it says what was seen instead.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

tidegate, scenario = sys.argv[1:]
LIMIT = 60  # seconds of real time, against a hang


class Terminal:
    def __init__(self, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(tidegate, [tidegate, *words])
        self.seen = ""
        self.at = 0

    def expect(self, text):
        """Waits for text after what was awaited before."""
        end = time.monotonic() + LIMIT
        while text not in self.seen[self.at:]:
            ready = select.select([self.fd], [], [], end - time.monotonic())[0]
            try:
                got = os.read(self.fd, 65536) if ready else b""
            except OSError:
                got = b""
            if not got:
                sys.exit(f"awaited {text!r}, and saw {self.seen[self.at:]!r}")
            self.seen += got.decode(errors="replace")
        self.at = self.seen.index(text, self.at) + len(text)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def exit_code(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


lab = Terminal("lab", scenario, "--seed", "1", "--clock", "lockstep")
lab.expect("the verdict")
lab.expect("\x1b[H")  # the picture
lab.expect("old-pump-1")

shell = Terminal("lab", "--shell")
shell.expect("lab:")
shell.type("echo $((6 * 7)); date -u +now=%T; tty\n")
shell.expect("42\r\n")
shell.expect("now=00:00:03")
shell.expect("/dev/pts/")
time.sleep(1.2)  # somebody thinks: no time passes
shell.type("date -u +now=%T\n")
shell.expect("now=00:00:03")
shell.type("bash -c 'echo begun; exec cat'\n")
shell.expect("begun\r\n")
shell.type("\x03")  # Ctrl-C ends what runs, and nothing else
shell.expect("lab:")
# Not at the prompt: there readline draws anew, and may lose a key that comes at this moment.
shell.type("until stty size | grep '33 111'; do sleep 0.05; done\n")
shell.expect("done\r\n")
fcntl.ioctl(shell.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
shell.expect("33 111\r\n")
shell.expect("lab:")
shell.type("ssh 10.0.4.1 sudo systemctl stop drainer; lab advance 1m\n")
shell.expect("(+1m)")
lab.expect("stopped")
shell.type("exit 5\n")
if (code := shell.exit_code()) != 5:
    sys.exit(f"the shell's exit status came out as {code}")
lab.type("\x03")
lab.expect("reproduce: ./tidegate lab")
if (code := lab.exit_code()) != 1:
    sys.exit(f"the lab ended with {code}")
