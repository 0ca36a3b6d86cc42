package command

import (
	"log/slog"

	"golang.org/x/sys/unix"
)

// Harden keeps the memory of this process from being written to a core file or read by other
// processes of the same user: PINs and requests pass through it.
func Harden(log *slog.Logger) {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		log.Warn("core files can't be turned off", "error", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		log.Warn("the process can't be made undumpable", "error", err)
	}
}
