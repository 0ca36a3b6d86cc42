package main

import (
	"io"
	"log/slog"
)

// newLog returns a logger that writes text or JSON.
func newLog(w io.Writer, format, level string) (*slog.Logger, error) {
	var l slog.Level
	if level != "" {
		if err := l.UnmarshalText([]byte(level)); err != nil {
			return nil, configError("log.level must be debug, info, warn or error, and %q is not", level)
		}
	}
	o := &slog.HandlerOptions{Level: l}
	switch format {
	case "", "text":
		return slog.New(slog.NewTextHandler(w, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return nil, configError("log.format must be text or json, and %q is not", format)
}
