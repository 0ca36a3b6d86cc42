// Package disk shows tests what a disk may do to a database: a C library that is preloaded into the
// process which writes, and what is made of its log.
//
//	d := disk.New(t, dir)                      // the directory of the database
//	d.Record()                                 // from the files that are there now
//	command.Env = append(command.Env, d.Env()...)
//	...
//	acknowledged := d.Position()               // as soon as an answer has come
//	...
//	log := d.Log()
//	files := log.Power(cut, disk.Scattered, r) // what a loss of power at cut may leave
//
// The same library makes calls fail ([Disk.Set]), holds syncs ([Disk.Hold]) and slows them down
// ([Disk.SlowSyncs]) while the process runs.
//
// It sees what goes through the C library. That is all that SQLite does, which is C even in a Go
// program. Go's own files make system calls of their own and are not seen: a file that Go has made
// is known from the moment at which SQLite opens it, and counts as durable by name. The shared
// memory of SQLite's log is mapped, is worth nothing after a loss of power, and is no part of any
// state; calls on it can fail all the same.
package disk
