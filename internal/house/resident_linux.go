package house

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// forgetStart takes what the start read of the program's own file out of this
// process: parsers, tables and descriptors that are not needed again, some 20 MiB
// of the 35 that are resident then. The kernel keeps them in its cache and gives a
// page back when it is used. Only parts of the file that nobody wrote to are
// left, so nothing is lost.
func forgetStart() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	file, err := os.Open("/proc/self/smaps") // proc_pid_smaps(5)
	if err != nil {
		return err
	}
	defer file.Close()
	type part struct{ from, to uintptr }
	var parts []part
	var now part
	ours, clean := false, false
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) >= 5 && !strings.HasSuffix(fields[0], ":"): // 00400000-01773000 r-xp 00000000 fe:00 10568341 /usr/bin/statusbot
			ours = len(fields) == 6 && fields[5] == program && (fields[1] == "r-xp" || fields[1] == "r--p")
			clean = false
			if _, err := fmt.Sscanf(fields[0], "%x-%x", &now.from, &now.to); err != nil {
				return fmt.Errorf("read smaps: %w", err)
			}
		case len(fields) == 3 && fields[0] == "Anonymous:": // of this process alone: they are not in the file
			clean = fields[1] == "0"
		case len(fields) > 0 && fields[0] == "VmFlags:" && ours && clean: // the last line of a part
			parts = append(parts, now)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read smaps: %w", err)
	}
	for _, p := range parts {
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, p.from, p.to-p.from, syscall.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise: %w", errno)
		}
	}
	return nil
}
