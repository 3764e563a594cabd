package exec

import (
	"encoding/hex"
	"os"
	"os/exec"
	"syscall"
)

// guardScript waits until nobody holds the other end of its standard input any more,
// which the kernel sees to however that process ended, and ends all that has the mark
// $1 in its environment. It looks again for what was started meanwhile.
const guardScript = `read -r _
for round in 1 2 3 4 5 6 7 8 9 10; do
	found=
	for at in $(grep -ls "` + markName + `=$1\." /proc/[0-9]*/environ); do
		pid=${at#/proc/}
		kill -9 "${pid%/environ}" && found=1
	done
	[ "$found" ] || exit 0
done`

// guard starts a process that outlives this one when it is killed, and ends then what
// scripts have started. It is a shell, of which there is one where there are scripts:
// as a process of our own it would take ten times the memory.
func (l *leftovers) guard() {
	held, ours, err := os.Pipe()
	if err != nil {
		return
	}
	defer held.Close()
	cmd := exec.Command("/bin/sh", "-c", guardScript, "statusbot-guard", hex.EncodeToString(l.id[:]))
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"} // not the mark of a script that may have started us
	cmd.Dir, cmd.Stdin = "/", held
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // what ends our group leaves it
	if cmd.Start() != nil {
		ours.Close()
		return
	}
	l.alive = ours // open as long as we are
	_ = cmd.Process.Release()
}
