package service

import (
	"slices"

	"claviger/events/program"
	"claviger/events/rule"
)

// EventTarget is something beyond AWS that rules may send events to, as the configuration declares
// it. Every account has it under its own ARN: arn:aws:logs:REGION:ACCOUNT:log-group:NAME is a log
// file, and arn:aws:lambda:REGION:ACCOUNT:function:NAME a program.
type EventTarget struct {
	Kind rule.Kind // [rule.LogFile] or [rule.Program]
	Name string
	File string // of a log file: where each event is a line

	Program program.Program // which gets an event on its standard input
}

// eventTargets are what is declared. It implements [events.Targets].
type eventTargets []EventTarget

// Declared implements [events.Targets].
func (all eventTargets) Declared(kind rule.Kind, name string) bool {
	return slices.ContainsFunc(all, func(t EventTarget) bool {
		return t.Kind == kind && t.Name == name
	})
}

// files are the paths of log files by the names of their groups.
func (all eventTargets) files() map[string]string {
	paths := map[string]string{}
	for _, t := range all {
		if t.Kind == rule.LogFile {
			paths[t.Name] = t.File
		}
	}
	return paths
}

// programs are by the names of their functions.
func (all eventTargets) programs() map[string]program.Program {
	found := map[string]program.Program{}
	for _, t := range all {
		if t.Kind == rule.Program {
			found[t.Name] = t.Program
		}
	}
	return found
}
