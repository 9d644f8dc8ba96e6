# Runs a command on a terminal made for it, types the given lines one after another, and prints what was drawn.
# on-terminal.py LINES-AS-JSON COMMAND...
import fcntl, json, os, pty, select, struct, sys, termios, time

lines, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 100, 0, 0))
drawn = b''
seen = 0


def take(until, seconds):
    global drawn, seen
    end = time.time() + seconds
    while time.time() < end:
        at = drawn.find(until.encode(), seen) if until else -1
        if at >= 0:
            seen = at + len(until)
            return
        if not select.select([fd], [], [], 0.1)[0]:
            continue
        try:
            chunk = os.read(fd, 65536)
        except OSError:
            return
        if not chunk:
            return
        drawn += chunk


for wait_for, text in lines:
    take(wait_for, 20)
    os.write(fd, text.encode())
take('', 20)
_, status = os.waitpid(pid, 0)
print(json.dumps({'drawn': drawn.decode(errors='replace'), 'code': os.waitstatus_to_exitcode(status)}))
