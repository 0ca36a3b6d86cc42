package command

import (
	"log/slog"

	"claviger/cmd/claviger/exit"
)

// NewLog returns a logger that writes text or JSON at the level of e, which can be changed while
// others write.
func (e *Env) NewLog(format, level string) (*slog.Logger, error) {
	l, err := LogLevel(level)
	if err != nil {
		return nil, err
	}
	e.Level.Set(l)
	o := &slog.HandlerOptions{Level: &e.Level}
	switch format {
	case "", "text":
		return slog.New(slog.NewTextHandler(e.Stderr, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(e.Stderr, o)), nil
	}
	return nil, exit.ConfigError("log.format must be text or json, and %q is not", format)
}

// LogLevel reads the setting log.level, which may be left out.
func LogLevel(level string) (l slog.Level, err error) {
	if level == "" {
		return slog.LevelInfo, nil
	}
	if l.UnmarshalText([]byte(level)) != nil {
		return l, exit.ConfigError("log.level must be debug, info, warn or error, and %q is not", level)
	}
	return l, nil
}
