package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"time"

	"claviger/events/program"
	"claviger/events/rule"
	"claviger/service"
)

// Events declares what rules may send events to beyond AWS.
type Events struct {
	Logs     []EventLog     `toml:"logs"`
	Programs []EventProgram `toml:"programs"`
}

// EventLog is a file in which each event is a line.
type EventLog struct {
	Name string `toml:"name"` // of the log group, as ARNs have it
	File string `toml:"file"`
}

// EventProgram is a program that gets an event on its standard input.
type EventProgram struct {
	Name      string   `toml:"name"` // of the function, as ARNs have it
	Program   string   `toml:"program"`
	Arguments []string `toml:"arguments"`
	Timeout   string   `toml:"timeout"` // 30s if left out
	User      string   `toml:"user"`    // that it runs as; the service's own if left out
	Network   []string `toml:"network"` // host:port that it may reach
	Sandbox   string   `toml:"sandbox"` // required or best-effort
}

var (
	logName     = regexp.MustCompile(`^[a-zA-Z0-9_/.#-]{1,512}$`) // AWS's form of log groups
	programName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)     // and of functions
)

// usualEventTimeout is how long a program may take with an event.
const (
	usualEventTimeout   = 30 * time.Second
	longestEventTimeout = time.Minute // as any delivery
)

// eventTargets returns what the configuration declares for rules to send events to.
func (c *Config) eventTargets() (all []service.EventTarget, err error) {
	seen := map[string]bool{}
	add := func(t service.EventTarget, path string, form *regexp.Regexp) error {
		switch key := string(t.Kind) + " " + t.Name; {
		case !form.MatchString(t.Name):
			return fmt.Errorf("events: the name %q has other characters than %s", t.Name, form)
		case seen[key]:
			return fmt.Errorf("events: there are two %ss with the name %s", t.Kind, t.Name)
		case !filepath.IsAbs(path):
			return fmt.Errorf("events: %s: the path %q has to begin at the root", t.Name, path)
		default:
			seen[key] = true
		}
		all = append(all, t)
		return nil
	}
	for _, l := range c.Events.Logs {
		t := service.EventTarget{Kind: rule.LogFile, Name: l.Name, File: l.File}
		if err := add(t, l.File, logName); err != nil {
			return nil, err
		}
	}
	for _, p := range c.Events.Programs {
		t := service.EventTarget{Kind: rule.Program, Name: p.Name, Program: program.Program{
			Path: p.Program, Arguments: p.Arguments, Timeout: usualEventTimeout, User: p.User,
			Network: p.Network, BestEffort: p.Sandbox == "best-effort"}}
		if p.Timeout != "" {
			t.Program.Timeout, err = time.ParseDuration(p.Timeout)
			if err != nil || t.Program.Timeout <= 0 || t.Program.Timeout > longestEventTimeout {
				return nil, fmt.Errorf("events: %s: the timeout %q is no time up to a minute", p.Name,
					p.Timeout)
			}
		}
		if p.Sandbox != "" && p.Sandbox != "required" && p.Sandbox != "best-effort" {
			return nil, fmt.Errorf("events: %s: the sandbox is required or best-effort, and %q is not",
				p.Name, p.Sandbox)
		}
		if err := add(t, p.Program, programName); err != nil {
			return nil, err
		}
	}
	return all, nil
}
